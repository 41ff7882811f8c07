"""Examines a machine: every check of the folder, most pressing first."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from porter.doctor import checks
from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom

_ORDER = {state: rank for rank, state in enumerate(State)}


def examine(patient: Patient) -> list[Symptom]:
    """All symptoms, most pressing first."""
    return sorted(_symptoms(patient), key=lambda symptom: _ORDER[symptom.state])


def ill(symptoms: list[Symptom]) -> bool:
    """Is there something without which the port will not run?"""
    return any(symptom.state in (State.WRONG, State.MISSING) for symptom in symptoms)


def _symptoms(patient: Patient) -> Iterator[Symptom]:
    for info in sorted(pkgutil.iter_modules(checks.__path__), key=lambda info: info.name):
        yield from importlib.import_module(f"{checks.__name__}.{info.name}").examine(patient)
