"""Applies edits to bytes: in order, never overlapping, and only where the expected bytes are."""

from __future__ import annotations

from collections.abc import Iterable

from porter.errors import GuardError, OverlapError
from porter.model import Edit


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """`data` with the edits made. Two identical edits are one; insertions at one point keep their given order."""
    pieces: list[bytes] = []
    done = 0
    last: Edit | None = None
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: (edit.start, edit.end)):  # a stable sort
        _guard(data, edit)
        if last is not None and edit.start < done:
            raise OverlapError(f"{_described(last)} and {_described(edit)} overlap")
        pieces += data[done : edit.start], edit.new
        done = edit.end
        last = edit
    return b"".join([*pieces, data[done:]])


def _guard(data: bytes, edit: Edit) -> None:
    found = data[edit.start : edit.end]
    if not 0 <= edit.start <= edit.end <= len(data) or found != edit.expected:
        raise GuardError(f"{_described(edit)} expected {edit.expected!r} and found {found!r}")


def _described(edit: Edit) -> str:
    return f"the edit of bytes {edit.start} to {edit.end} into {edit.new!r}"
