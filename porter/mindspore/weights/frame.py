"""How a format wraps tensors into one file: known before the first weight is read, so writing can go on later."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands at the start of a file, and for each tensor its pieces: the bytes before one, and its length."""

    header: bytes
    pieces: tuple[tuple[tuple[bytes, int], ...], ...]

    def ends(self) -> list[int]:
        """Where each tensor ends in the file."""
        at, found = len(self.header), []
        for pieces in self.pieces:
            at += sum(len(prefix) + size for prefix, size in pieces)
            found.append(at)
        return found

    @property
    def size(self) -> int:
        return self.ends()[-1] if self.pieces else len(self.header)
