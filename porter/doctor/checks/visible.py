"""Whether the variables that choose devices say what is meant."""

from __future__ import annotations

from collections.abc import Iterator

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom

_CUDA = "CUDA_VISIBLE_DEVICES"


def examine(patient: Patient) -> Iterator[Symptom]:
    own = patient.machine.visible
    if not own:
        return
    chosen, leftover = patient.variables.get(own), patient.variables.get(_CUDA)
    if leftover is not None and chosen is None and own != "HIP_VISIBLE_DEVICES":
        seen = f"{_CUDA}={leftover} is set, which does not choose devices of {patient.target}"
        yield Symptom("visible devices", State.WRONG, seen, f"unset {_CUDA}; export {own}={leftover}")
    elif chosen == "":
        yield Symptom("visible devices", State.WRONG, f"{own} is empty: no device is seen", f"unset {own}")
    elif chosen is not None:
        yield Symptom("visible devices", State.OK, f"{own}={chosen}; indices restart at 0 within it")
    else:
        yield Symptom("visible devices", State.OK, f"{own} is not set: every device is seen")
