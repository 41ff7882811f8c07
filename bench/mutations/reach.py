"""Which files of a port a command or a model can reach, by the names that texts mention: too many, never too few."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

_SKIPPED = ("porter.lock", "report.md", "report.json")


def behind(start: str, root: Path) -> set[str]:
    """The files that `start` mentions, those that they mention, and so on."""
    texts = {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in _SKIPPED and "verify" not in path.relative_to(root).parts[:1]
    }
    names = {file: re.compile(rf"(?<!\w){re.escape(_name(file))}(?!\w)") for file in texts}
    found: set[str] = set()
    waiting = [start]
    while waiting:
        text = waiting.pop()
        for file in sorted(texts.keys() - found):
            if names[file].search(text):
                found.add(file)
                waiting.append(texts[file])
    return found


def _name(file: str) -> str:
    """What a text calls it: `train` for train.py, the folder for its __init__.py, the whole name of other files."""
    path = PurePosixPath(file)
    if path.suffix != ".py":
        return path.name
    return path.parent.name if path.stem == "__init__" else path.stem
