"""Whether there is room for weights and caches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom

_GIB = 2**30
_ENOUGH = 32 * _GIB  # a 7B model in half precision has 14, and takes as much again while it is converted


def examine(patient: Patient) -> Iterator[Symptom]:
    home = Path(patient.variables.get("HF_HOME") or Path(patient.variables.get("HOME", "/")) / ".cache")
    places = {"the port": patient.port, "the model cache": home}
    for name, path in places.items():
        if path is None:
            continue
        there = next((folder for folder in (path, *path.parents) if folder.exists()), None)
        if there is None:
            continue
        free = shutil.disk_usage(there).free
        seen = f"{free // _GIB} GiB free for {name}"
        if free < _ENOUGH:
            yield Symptom("disk", State.NOTE, seen, "a 7B model needs about 32 GiB; point HF_HOME to a larger disk")
        else:
            yield Symptom("disk", State.OK, seen)
