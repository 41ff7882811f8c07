"""The commands that a repository's pages show: suggestions for a person, for nobody knows what they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_RUNS = re.compile(r"^(?:\$ |> )?((?:[A-Z_]+=\S+ )*(?:python3?|torchrun|accelerate launch|deepspeed)\s.+)$")
_LENGTH = 300


def commands(root: Path, files: list[str]) -> list[str]:
    """Those lines of README files that start one of these files, once each."""
    names = {Path(file).name for file in files}
    found: dict[str, None] = {}
    for page in sorted(root.glob("[Rr][Ee][Aa][Dd][Mm][Ee]*")):
        for line in _lines(page):
            told = _RUNS.match(line)
            if told and len(line) <= _LENGTH and any(name in re.split(r"[\s/]+", told[1]) for name in names):
                found[told[1].strip()] = None
    return list(found)


def _lines(page: Path) -> Iterator[str]:
    """With the lines that a backslash continues in one."""
    if page.is_symlink() or not page.is_file():
        return
    text = page.read_text(encoding="utf-8", errors="replace")
    for line in re.sub(r"\\\r?\n\s*", " ", text).splitlines():
        yield " ".join(line.strip().strip("`").split())
