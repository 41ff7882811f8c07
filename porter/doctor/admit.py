"""From what a person typed to what is examined: the port says its own target."""

from __future__ import annotations

import json
import os
from pathlib import Path

from porter.doctor.machine import machines
from porter.doctor.patient import Patient
from porter.errors import UsageError
from porter.lock import LOCK_NAME
from porter.targets.catalog import release


def admit(port: Path | None, target: str | None, python: str) -> Patient:
    """The patient, or one sentence about what cannot be looked at."""
    if port is not None and not port.is_dir():
        raise UsageError(f"{port} is not a folder; name the folder of a port, or none.")
    spec = target or _locked(port)
    if not spec:
        raise UsageError("Name the accelerator with --target, such as --target npu, or the folder of a port.")
    name, chosen = release(spec)
    machine = machines().get(name)
    if machine is None:
        known = ", ".join(sorted(machines()))
        raise UsageError(f"porter does not know what a machine for {name} has; it knows {known}.")
    return Patient(name, chosen, machine, dict(os.environ), python, port.resolve() if port else None)


def _locked(port: Path | None) -> str:
    if port is None or not (port / LOCK_NAME).is_file():
        return ""
    try:
        target = json.loads((port / LOCK_NAME).read_text(encoding="utf-8"))["target"]
        return f"{target['name']}@{target['version']}"
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(f"{port / LOCK_NAME} cannot be read; name the accelerator with --target.") from None
