"""Whether torch and the vendor's plug-in fit each other."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom


def examine(patient: Patient) -> Iterator[Symptom]:
    installed = patient.interpreter.packages
    torch = installed.get("torch")
    if torch is None:
        yield Symptom("torch", State.MISSING, "torch is not installed", _install(patient))
        return
    yield _build(patient, torch)
    machine = patient.machine
    if not machine.plugin:
        return
    plugin = installed.get(machine.plugin)
    if plugin is None:
        yield Symptom(machine.plugin, State.MISSING, f"{machine.plugin} is not installed", _install(patient))
    elif _line(plugin) != _line(torch) and patient.target in ("npu", "musa"):
        seen = f"{machine.plugin} {plugin} beside torch {torch}: their numbers must be the same"
        yield Symptom(machine.plugin, State.WRONG, seen, _install(patient))
    else:
        yield Symptom(machine.plugin, State.OK, f"{plugin} beside torch {torch}")


def _build(patient: Patient, torch: str) -> Symptom:
    cuda = patient.interpreter.cuda_build
    if cuda and patient.target != "cpu":
        return Symptom("torch", State.WRONG, f"torch {torch} is a build for CUDA {cuda}", _install(patient))
    wanted = patient.release.torch
    if _line(torch) != _line(wanted):
        seen = f"torch {torch}, and the release {patient.target}@{patient.release.version} goes with {wanted}"
        return Symptom("torch", State.WRONG, seen, _install(patient))
    return Symptom("torch", State.OK, f"torch {torch}")


def _install(patient: Patient) -> str:
    if not patient.machine.install:
        return patient.machine.wheels or f"install torch for {patient.target}"
    said = {"torch": patient.release.torch, "version": patient.release.version}
    return " && ".join(command.format(**said) for command in patient.machine.install)


def _line(text: str) -> tuple[int, ...]:
    return Version(text).release[:2]
