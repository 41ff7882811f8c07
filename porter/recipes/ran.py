"""What ran on a simulated device: the traces that the processes of a recipe left, added up."""

from __future__ import annotations

import json
from pathlib import Path

_NAME = "trace"


def place(logs: Path) -> Path:
    """Where the processes put their traces; those of an earlier run go."""
    for old in (logs / _NAME).glob(f"{_NAME}*.json"):
        old.unlink()
    return logs / _NAME / f"{_NAME}.json"


def ran(logs: Path, device: str) -> str:
    """A sentence, so that a port that stays on the CPU is seen; nothing where no process left a trace."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((logs / _NAME).glob(f"{_NAME}*.json"))]
    if not found:
        return ""
    on_device, on_host = (sum(one[f"operators_on_{where}"] for one in found) for where in ("device", "host"))
    return f"The simulated {device} ran {on_device:,} operators; {on_host:,} ran on the CPU."
