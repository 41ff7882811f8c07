"""Writes a MindRecord, which only MindSpore can: in its own Python, whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from porter.errors import UsageError
from porter.mindspore.weights.cast import numpy

_SCRIPT = Path(__file__).parent.parent / "probes" / "mindrecord_side.py"


def write(rows: Iterable[tuple[list[int], list[int]]], out: Path, python: str) -> int:
    """Gives the number of rows."""
    np = numpy()
    files = (out, out.with_name(f"{out.name}.db"))
    for file in files:
        if os.path.lexists(file):
            raise UsageError(f"{file} exists, and porter overwrites no data; name another place, or move it.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent} to write into; make it, or name another place.")
    pairs = [(np.array(ids, np.int32), np.array(labels, np.int32)) for ids, labels in rows]
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.porter-", dir=out.parent) as scratch:
        task = {"arrays": f"{scratch}/rows.npz", "out": f"{scratch}/{out.name}"}
        np.savez(task["arrays"], input_ids=np.stack([a for a, _ in pairs]), labels=np.stack([b for _, b in pairs]))
        told = Path(scratch) / "task.json"
        told.write_text(json.dumps(task), encoding="utf-8")
        done = subprocess.run([python, str(_SCRIPT), str(told)], capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason was given"]
            raise UsageError(f"MindSpore could not write the MindRecord: {lines[-1]}.")
        for file in reversed(files):  # the data last: without its index it would not be read
            (Path(scratch) / file.name).rename(file)
    return len(pairs)
