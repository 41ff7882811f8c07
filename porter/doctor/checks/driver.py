"""Whether the driver and the devices are there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom

_SECONDS = 20


def examine(patient: Patient) -> Iterator[Symptom]:
    machine = patient.machine
    if not machine.nodes:
        return
    absent = [node for node in machine.nodes if not patient.files(node)]
    if absent:
        seen = f"no {', no '.join(absent)}"
        yield Symptom("devices", State.MISSING, seen, machine.driver)
    else:
        count = len(patient.files(machine.nodes[-1]))
        yield Symptom("devices", State.OK, f"{', '.join(machine.nodes)}: {count} found")
    yield _tool(patient)
    if machine.driver_version:
        for path in patient.files(machine.driver_version):
            text = " ".join(path.read_text(encoding="utf-8", errors="replace").split())
            yield Symptom("driver", State.NOTE, text[:120])


def _tool(patient: Patient) -> Symptom:
    name = patient.machine.tool[0]
    found = shutil.which(name, path=patient.variables.get("PATH", ""))
    if found is None:
        return Symptom(name, State.MISSING, f"{name} is not on the PATH", patient.machine.driver)
    try:
        run = subprocess.run(
            [found, *patient.machine.tool[1:]], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Symptom(name, State.WRONG, f"{name} does not answer ({type(error).__name__})", patient.machine.driver)
    if run.returncode:
        said = " ".join((run.stderr or run.stdout).split())[:120]
        return Symptom(name, State.WRONG, f"{name} ends with {run.returncode}: {said}", patient.machine.driver)
    return Symptom(name, State.OK, f"{name} answers")
