"""Whether the vendor's toolkit is set up in this shell."""

from __future__ import annotations

from collections.abc import Iterator

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom


def examine(patient: Patient) -> Iterator[Symptom]:
    toolkit = patient.machine.toolkit
    if toolkit is None:
        return
    set_up = [name for name in toolkit.variables if patient.variables.get(name)]
    there = [str(path) for folder in toolkit.folders for path in patient.files(folder)]
    if set_up:
        yield Symptom(toolkit.name, State.OK, f"{set_up[0]}={patient.variables[set_up[0]]}")
    elif there:
        seen = f"it is in {there[0]} but not set up: {' and '.join(toolkit.variables)} are not set"
        yield Symptom(toolkit.name, State.WRONG, seen, toolkit.setup)
    else:
        seen = f"none of {', '.join(toolkit.folders)} exists"
        yield Symptom(toolkit.name, State.MISSING, seen, f"install {toolkit.name}, then: {toolkit.setup}")
