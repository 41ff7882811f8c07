"""Imports modules of the repository, each in a process of its own that is forked off a torch already imported."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .faults import fault
from .place import leftovers

_LEAST, _MOST = 1, 90  # seconds for one module


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """Each module's answer: imported, or its fault; and the CUDA that its own lines asked for meanwhile."""
    for name in ["torch", *order["preload"]]:
        with contextlib.suppress(Exception):  # the module that needs it will say so itself
            importlib.import_module(name)
    end = time.monotonic() + order["seconds"]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "answer"
        return {"modules": {m["file"]: _apart(m, order["root"], place, end) for m in order["modules"]}}


def _apart(module: dict[str, Any], root: str, answer: Path, end: float) -> dict[str, Any]:
    seconds = min(_MOST, (end - time.monotonic()) / 2)  # so that one that hangs leaves time for the others
    if seconds < _LEAST:
        return {"skipped": True}
    answer.unlink(missing_ok=True)
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        try:
            answer.write_text(json.dumps(_imported(module, root)), encoding="utf-8")
        finally:
            os._exit(0)
    if not _ends(process, seconds):
        return {"hang": True}
    if not answer.is_file() or not answer.stat().st_size:
        return {"fault": {"type": "ProcessEnded", "kinds": [], "message": "the process ended", "at": "", "missing": ""}}
    return dict(json.loads(answer.read_text(encoding="utf-8")))


def _ends(process: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.waitpid(process, os.WNOHANG)[0]:
            return True
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return False


def _imported(module: dict[str, Any], root: str) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    sys.path[:0] = [str(Path(root) / folder) for folder in module["path"]]
    sys.argv = [module["file"]]
    try:
        importlib.import_module(module["name"])
    except BaseException as error:
        answer["fault"] = fault(error, root)
    answer["leftovers"] = leftovers()
    return answer
