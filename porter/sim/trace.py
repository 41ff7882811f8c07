"""The trace of a process: what ran on the device and what did not, with the lines of the repository, as JSON."""

from __future__ import annotations

import atexit
import json
import os
from pathlib import Path
from typing import Any

from .device import Device, installed

MAIN = "PORTERSIM_MAIN"  # the process id of the command itself; its children write files of their own


def begin(device: Device) -> None:
    """Watches everything from now on; the trace is written when the process ends."""
    device.controls.trace(True)
    device.controls.watch_host(True)
    device.controls.log(device.options.log)
    atexit.register(write, device)


def report(device: Device) -> dict[str, Any]:
    """What was seen so far. Equal runs give equal reports: no times, no process ids."""
    import torch

    totals = json.loads(device.controls.totals())
    seen: dict[str, Any] = {
        "target": device.options.target,
        "torch": torch.__version__,
        "device_was_loaded": installed() is device,
        "operators_on_device": sum(sum(counts.values()) for counts in totals["operators"].values()),
        "operators_on_host": sum(totals["host_operators"].values()),
        **totals,
        "places": device.witness.table(),
    }
    if device.options.log:
        seen["log"] = list(device.controls.log_lines())
    return seen


def write(device: Device) -> None:
    """Writes the report where the options say."""
    device.controls.trace(False)
    path = own_file(Path(device.options.trace))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    unfinished.write_text(json.dumps(report(device), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    unfinished.replace(path)


def own_file(told: Path) -> Path:
    """The file of this process: the told one for the command itself, one per rank or process for its children."""
    if os.environ.get(MAIN, str(os.getpid())) == str(os.getpid()):
        return told
    rank = os.environ.get("RANK")
    return told.with_stem(f"{told.stem}-rank{rank}" if rank is not None else f"{told.stem}-process{os.getpid()}")
