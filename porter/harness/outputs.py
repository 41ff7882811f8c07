"""What a command wrote into its copy of the tree, as lines that can be compared like those that it printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_LARGE = 2**20  # bytes; of larger files, and of those that are not text, only the name is told
_LEFT_OUT = {"__pycache__", ".git", ".cache"}


def written(place: Path, source: Path) -> Iterator[str]:
    """`file: line` for each line of the files that `source` has not, or not so."""
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place)
        if path.is_symlink() or not path.is_file() or not _LEFT_OUT.isdisjoint(name.parts):
            continue
        content = path.read_bytes() if path.stat().st_size <= _LARGE else b"\0"
        before = source / name
        if before.is_file() and before.stat().st_size == path.stat().st_size and before.read_bytes() == content:
            continue
        yield f"{name.as_posix()}: written"
        if b"\0" not in content:
            yield from (f"{name.as_posix()}: {line}" for line in content.decode("utf-8", "replace").splitlines())
