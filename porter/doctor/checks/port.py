"""Whether the folder is a port to this target."""

from __future__ import annotations

from collections.abc import Iterator

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom
from porter.lock import LOCK_NAME


def examine(patient: Patient) -> Iterator[Symptom]:
    if patient.port is None:
        return
    import json

    path = patient.port / LOCK_NAME
    if not path.is_file():
        mend = f"porter migrate {patient.port} --target {patient.target}"
        yield Symptom("port", State.MISSING, f"there is no {LOCK_NAME}: porter did not make this folder", mend)
        return
    try:
        target = json.loads(path.read_text(encoding="utf-8"))["target"]
        made = f"{target['name']}@{target['version']}"
    except (ValueError, KeyError, TypeError):
        yield Symptom("port", State.WRONG, f"{LOCK_NAME} cannot be read", "run porter migrate again")
        return
    if target["name"] != patient.target:
        mend = f"porter migrate ORIGINAL --target {patient.target}"
        yield Symptom("port", State.WRONG, f"this is a port to {made}, not to {patient.target}", mend)
    elif target["version"] != patient.release.version:
        seen = f"made for {made}, and the machine is looked at for {patient.target}@{patient.release.version}"
        yield Symptom("port", State.NOTE, seen, f"porter migrate ORIGINAL --target {patient.target}")
    else:
        yield Symptom("port", State.OK, f"made for {made}")
