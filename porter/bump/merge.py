"""The three-way merge of one file: what porter made, what a person made of it, what porter makes now."""

from __future__ import annotations

import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from porter.checkout import git
from porter.port.item import FILE, Item

_OPENS = b"<<<<<<< "


@dataclass(frozen=True, slots=True)
class Labels:
    """What the sides of a conflict are called in the file itself."""

    mine: str
    base: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The file that comes of it. `lines` are those where a conflict begins; `stuck` says why there was no merge."""

    item: Item
    lines: tuple[int, ...] = ()
    stuck: str = ""

    @property
    def clean(self) -> bool:
        return not self.lines and not self.stuck


def merge(base: Item | None, mine: Item, theirs: Item, labels: Labels) -> Merged:
    """A person's file with what changed between `base` and `theirs`. Where that cannot be done, theirs gives way."""
    if mine.is_as(theirs) or (base is not None and theirs.is_as(base)):
        return Merged(mine)
    if base is not None and mine.is_as(base):
        return Merged(theirs)
    sides = [item for item in (base, mine, theirs) if item is not None]
    if not all(item.is_file for item in sides):
        return Merged(mine, stuck="it is a link or a folder on one side")
    if any(b"\0" in item.read() for item in sides):
        return Merged(mine, stuck="it is binary")
    runs = theirs.runs if base is not None and mine.runs == base.runs else mine.runs
    mode = FILE | (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH if runs else 0)
    data = _lines(base.read() if base is not None else b"", mine.read(), theirs.read(), labels)
    opens = [number for number, line in enumerate(data.split(b"\n"), 1) if line.startswith(_OPENS + _label(labels))]
    return Merged(Item(mode, data), tuple(opens))


def _label(labels: Labels) -> bytes:
    return labels.mine.encode("utf-8", "surrogateescape")


def _lines(base: bytes, mine: bytes, theirs: bytes, labels: Labels) -> bytes:
    """git's own merge of lines, with all three sides shown where they cannot be brought together."""
    with tempfile.TemporaryDirectory(prefix="porter-") as folder:
        names = []
        for name, data in (("mine", mine), ("base", base), ("theirs", theirs)):
            (Path(folder) / name).write_bytes(data)
            names.append(name)
        told = [word for label in (labels.mine, labels.base, labels.theirs) for word in ("-L", label)]
        # Its exit code is the number of conflicts, and the merged file is printed all the same.
        return git.run(Path(folder), "merge-file", "-p", "--diff3", *told, *names, fine=range(128))
