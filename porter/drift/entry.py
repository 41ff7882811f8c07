"""The words for drift as plain frozen data: one thing that moved, and all that moved together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What moved. The order is that in which a reader wants to see it."""

    CONFLICT = "conflict"
    NEW = "new"
    LACKING = "lacking"
    VERDICT = "verdict"
    UNREAD = "unread"
    PIN = "pin"
    RULES = "rules"
    EVIDENCE = "evidence"
    HAND = "hand"
    REWORDED = "reworded"
    MOVED = "moved"
    GONE = "gone"


TITLES = {
    Kind.CONFLICT: "Conflicts with a person's change",
    Kind.NEW: "New places",
    Kind.LACKING: "Names that the target lacks",
    Kind.VERDICT: "Places with another verdict",
    Kind.UNREAD: "Files that cannot be read",
    Kind.PIN: "Requirements that changed",
    Kind.RULES: "Rules, target and porter",
    Kind.EVIDENCE: "Evidence",
    Kind.HAND: "A person's changes, carried over",
    Kind.REWORDED: "Places with other words",
    Kind.MOVED: "Places that moved",
    Kind.GONE: "Places that are gone",
}


class Level(str, Enum):
    """How much an entry asks for: an `error` fails, a `warning` needs a person, a `note` is only said."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that moved. Without a `file` it is about the whole; `line` is 1-based, 0 where there is none."""

    kind: Kind
    level: Level
    title: str
    why: str
    file: str = ""
    line: int = 0
    column: int = 1
    rule: str = ""
    id: str = ""
    text: str = ""  # the words of the place
    was: str = ""  # where it was, or what it said, before
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """All that moved. `before` and `after` say between what; `counts` are the verdicts of each."""

    subject: str
    target: str
    before: str
    after: str
    entries: tuple[Entry, ...]
    counts: tuple[tuple[str, int, int], ...] = ()  # verdict, before, after
    notes: tuple[str, ...] = ()

    def of(self, kind: Kind) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind is kind]

    @property
    def needs_a_person(self) -> bool:
        return any(entry.level is not Level.NOTE for entry in self.entries)


def ordered(entries: list[Entry]) -> tuple[Entry, ...]:
    """Most pressing first, then by place: the same whatever the order in which they were found."""
    kinds, levels = list(Kind), list(Level)
    return tuple(
        sorted(
            entries,
            key=lambda e: (levels.index(e.level), kinds.index(e.kind), e.file, e.line, e.column, e.rule, e.title, e.id),
        )
    )
