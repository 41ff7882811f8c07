"""Whether anything is installed that is known to break on the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.version import Version

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom
from porter.packs.packages import Packages

_OWN_CHECK = {"torch"}


def examine(patient: Patient) -> Iterator[Symptom]:
    installed = patient.interpreter.packages
    bad = False
    for name, version in sorted(installed.items()):
        package = Packages.shared().distributed(name)
        advice = package.advice(patient.target) if package is not None else None
        if advice and name not in _OWN_CHECK and name != patient.machine.plugin:
            bad = True
            yield Symptom(name, State.NOTE, f"{name} {version} is made for CUDA", advice)
    for found in (_gradio(installed), _numpy(patient)):
        if found is not None:
            bad = True
            yield found
    if not bad:
        yield Symptom("packages", State.OK, f"none of the {len(installed)} installed packages is known to break")


def _gradio(packages: Mapping[str, str]) -> Symptom | None:
    """Web demos of 2023 take input and never answer with gradio 4; FastChat from 0.2.36 on asks for it."""
    gradio, fastchat = packages.get("gradio"), packages.get("fschat")
    if gradio is None or Version(gradio).release[0] < 4:
        return None
    if fastchat is not None and Version(fastchat) >= Version("0.2.36"):
        return None
    seen = f"gradio {gradio}: web demos written for gradio 3 take input and never answer"
    return Symptom("gradio", State.NOTE, seen, "pip install gradio==3.41.0")


def _numpy(patient: Patient) -> Symptom | None:
    numpy = patient.interpreter.packages.get("numpy")
    if numpy is None or patient.machine.torch != "vendor" or Version(numpy).release[0] < 2:
        return None
    seen = f"numpy {numpy}: the vendor's builds are made for numpy 1"
    return Symptom("numpy", State.WRONG, seen, "pip install numpy==1.26.4")
