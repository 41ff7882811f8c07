"""Scalars: the keys and values of a configuration file with the bytes in which they are written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A key or value. `path` is made of the keys above it; `start` and `end` enclose its text without quotes."""

    path: tuple[str, ...]
    text: str
    start: int
    end: int
    is_key: bool = False
    exact: bool = True  # the bytes between start and end are the text itself: no escapes, no folding

    @property
    def names(self) -> tuple[str, ...]:
        """The keys that carry it, the nearest first."""
        return tuple(reversed(self.path))
