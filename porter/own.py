"""What porter itself wrote beside a port: its report, its checks, what they showed. No part of the repository."""

from __future__ import annotations

import re
from pathlib import Path

from porter import weights
from porter.checkout.walk import Entry, walk
from porter.errors import UsageError
from porter.lock import LOCK_NAME, digest, read

REPORT = "report.md"
FOLDER = "verify"
DATA, TABLE, REFERENCE = "evidence.json", "evidence.md", "reference.json"

# What a run of the harness leaves: it is about that port, and goes with it.
EVIDENCE = frozenset(f"{FOLDER}/{name}" for name in (DATA, TABLE, REFERENCE))

BEGIN, END = "<!-- porter verify: begin -->", "<!-- porter verify: end -->"
_BLOCK = re.compile(rf"{BEGIN}\n.*?{END}\n\n".encode(), re.DOTALL)
_PLACES = re.compile(rf"report\.(md|json)|{FOLDER}/.+")


def own_files(root: Path) -> frozenset[str]:
    """The files of a tree that its lock names as porter's and that nobody changed since.

    A lock is a file of the tree like any other, so it is believed for the places alone where porter writes.
    """
    try:
        lock = read(root / LOCK_NAME)
    except UsageError:
        return frozenset()
    places = {path for path in lock.own if _PLACES.fullmatch(path) or is_own_helper(root, path)}
    known = {path for path in places if as_written(root / path, lock.own[path])}
    left = {path for path in EVIDENCE - lock.tree.keys() if known and (root / path).is_file()}
    return frozenset({LOCK_NAME, *known, *left})


def is_own_helper(root: Path, path: str) -> bool:
    """Whether a path is the helper module of an agnostic port, inside the tree."""
    from porter.styles.home import is_helper

    place = root / path
    inside = place.suffix == ".py" and root.resolve() in place.resolve().parents
    return inside and place.is_file() and is_helper(place.read_bytes())


def as_written(path: Path, wanted: str) -> bool:
    """Whether a file is as porter wrote it; evidence that was put into a report since is not counted."""
    if weights.behind(path) is not None:
        return weights.digest(path) == wanted
    if path.is_symlink() or not path.is_file():
        return False
    return digest(written_part(path)) == wanted


def written_part(path: Path) -> bytes:
    """The content of a file without what `porter verify` puts into a report."""
    data = path.read_bytes()
    return without_evidence(data) if path.name == REPORT else data


def without_evidence(report: bytes) -> bytes:
    """A report as `porter migrate` wrote it."""
    return _BLOCK.sub(b"", report)


def with_evidence(report: bytes, section: str) -> bytes:
    """A report with this section above its signature, in the place of an earlier one."""
    plain = without_evidence(report)
    block = f"{BEGIN}\n{section.strip()}\n{END}\n\n".encode("utf-8", "backslashreplace")
    head, heading, tail = plain.rpartition(b"## Signature\n")
    return head + block + heading + tail if heading else plain + b"\n" + block


def repository(root: Path) -> list[Entry]:
    """The files of a checkout that are not porter's own."""
    own = own_files(root)
    return [entry for entry in walk(root) if entry.path not in own]
