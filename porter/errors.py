"""The errors that a person can mend: each is one clear sentence, with the mend in it."""

from __future__ import annotations


class UsageError(Exception):
    """Bad input or bad usage: the command line prints the sentence and ends with exit code 2."""


class UndecodableError(Exception):
    """A file whose bytes cannot be turned into text and back: it is copied as it is, and said."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class OverlapError(Exception):
    """Two edits want the same bytes: neither may win silently."""


class GuardError(Exception):
    """The bytes at an edit's span are not those that the edit was made for."""
