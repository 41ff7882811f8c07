"""Whether libgomp, on aarch64, will find room for its thread-local data."""

from __future__ import annotations

from collections.abc import Iterator

from porter.doctor.machine import arm64_libgomp
from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom


def examine(patient: Patient) -> Iterator[Symptom]:
    if patient.interpreter.machine != "aarch64":
        return
    if "libgomp" in patient.variables.get("LD_PRELOAD", ""):
        yield Symptom("libgomp", State.OK, "LD_PRELOAD names it")
        return
    seen = "aarch64 without LD_PRELOAD: loaded late, libgomp finds no memory in the static TLS block"
    yield Symptom("libgomp", State.NOTE, seen, f"export LD_PRELOAD={arm64_libgomp()}")
