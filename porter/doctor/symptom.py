"""What a check of the machine saw."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """`ok`, `wrong` and `missing` are sure; `unknown` could not be looked at; `note` is worth knowing."""

    WRONG = "wrong"
    MISSING = "missing"
    UNKNOWN = "unknown"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was looked at, what was seen, and the command or step that mends it."""

    subject: str
    state: State
    seen: str
    mend: str = ""
