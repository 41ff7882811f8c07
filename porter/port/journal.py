"""Writes many files over those of a folder so that all of it is there or nothing, even when the run is killed midway.

What is to be written, and a copy of what it replaces, lies in a folder aside with a list of both before the first file
changes. Who finds such a list puts everything back: `recover` does, and is called before anything else is done there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from porter.errors import UsageError
from porter.port.item import Item

STAGE = ".porter-in-place-"
_LIST = "journal.json"


def write_all(root: Path, contents: Mapping[str, Item | None]) -> None:
    """Each file as `contents` has it; None is a file that goes. The caller holds the folder."""
    stage = Path(tempfile.mkdtemp(prefix=STAGE, dir=root))
    try:
        names = sorted(contents)
        there = [_lies(root, name) for name in names]
        for number, name in enumerate(names):  # all that takes room on the disk comes first
            item = contents[name]
            if item is not None:
                item.write(stage / f"new-{number}")
            if there[number]:
                shutil.copy2(root / name, stage / f"old-{number}", follow_symlinks=False)
        _write_list(stage, names, there)
        for number, name in enumerate(names):
            if contents[name] is None:
                (root / name).unlink(missing_ok=True)
                _drop_empty(root, name)
            else:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / f"new-{number}").replace(root / name)
        (stage / _LIST).unlink()  # from here on the new state is the one that holds
    except BaseException:
        _put_back(root, stage)
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def recover(root: Path) -> bool:
    """Puts back what a run that was killed had begun to replace; whether there was one."""
    found = False
    for stage in sorted(root.glob(f"{STAGE}*")):
        if stage.is_dir() and not stage.is_symlink():
            found = _put_back(root, stage) or found
            shutil.rmtree(stage)
    return found


def _lies(root: Path, name: str) -> bool:
    path = root / name
    if path.is_dir() and not path.is_symlink():
        raise UsageError(f"{path} is a folder where porter writes a file; move it away first.")
    return os.path.lexists(path)


def _write_list(stage: Path, names: list[str], there: list[bool]) -> None:
    unfinished = stage / f"{_LIST}.tmp"
    unfinished.write_text(json.dumps([names, there]), encoding="utf-8")
    unfinished.replace(stage / _LIST)


def _put_back(root: Path, stage: Path) -> bool:
    """Every file that had been replaced; a second time, after a kill in the middle of it, does the rest."""
    try:
        names, there = json.loads((stage / _LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # nothing had been replaced yet
    lost = []
    for number, name in enumerate(names):
        try:
            if not there[number]:
                (root / name).unlink(missing_ok=True)
                _drop_empty(root, name)
            elif os.path.lexists(stage / f"old-{number}"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / f"old-{number}").replace(root / name)
        except OSError:
            lost.append(name)
    if lost:
        shown = ", ".join(lost).encode("utf-8", "backslashreplace").decode()
        raise UsageError(f"porter failed midway and could not bring back {shown}; run git restore on them.")
    (stage / _LIST).unlink()
    return True


def _drop_empty(root: Path, name: str) -> None:
    """As git does: a folder without files is none."""
    with suppress(OSError):
        for parent in (root / name).parents:
            if parent == root:
                break
            parent.rmdir()
