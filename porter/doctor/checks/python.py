"""Whether the interpreter is one that the target's release is built for."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom


def examine(patient: Patient) -> Iterator[Symptom]:
    seen = patient.interpreter.python
    span = patient.release.python
    if not span:
        yield Symptom("python", State.NOTE, f"{seen}; which Pythons the release is built for is not known")
        return
    low, _, high = span.partition(" - ")
    minor = Version(".".join(seen.split(".")[:2]))
    if Version(low) <= minor <= Version(high or low):
        yield Symptom("python", State.OK, f"{seen} ({span} will do)")
    else:
        mend = f"conda create -n porter-{patient.target} python={high or low}"
        yield Symptom("python", State.WRONG, f"{seen}, but the release is built for {span}", mend)
