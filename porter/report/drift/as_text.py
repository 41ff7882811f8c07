"""For a terminal: what moved, what needs a person first, with its place."""

from __future__ import annotations

from collections.abc import Iterator

from porter.drift.entry import TITLES, Drift, Entry, Kind, Level
from porter.report.as_text import end, wrap
from porter.report.drift import between, headline
from porter.report.safe import visible

_TOP = 20  # entries of one kind that are listed
_SHORT = {Kind.MOVED, Kind.REWORDED, Kind.GONE, Kind.HAND}  # only their places are told


def render(drift: Drift) -> str:
    return "\n".join(line.rstrip() for line in _lines(drift)) + "\n"


def _lines(drift: Drift) -> Iterator[str]:
    span = between(drift)
    yield from wrap(f"{drift.subject} for {drift.target}{f', {span}' if span else ''}")
    yield from wrap(headline(drift))
    if any(old or new for _, old, new in drift.counts):
        yield ""
        for verdict, old, new in drift.counts:
            yield f"  {verdict:7} {old:6,} → {new:,}"
    for note in drift.notes:
        yield from wrap(f"Note: {note}", "  ")
    for kind in Kind:
        entries = drift.of(kind)
        if entries:
            yield from ("", f"{TITLES[kind]}: {len(entries):,}")
        for entry in entries[:_TOP]:
            yield from _entry(entry)
        if entries[_TOP:]:
            yield f"  and {len(entries) - _TOP:,} more"


def _entry(entry: Entry) -> Iterator[str]:
    mark = {Level.ERROR: "!", Level.WARNING: "*", Level.NOTE: " "}[entry.level]
    place = f"{entry.file}:{entry.line}" if entry.line else entry.file
    told = f"{place}  {entry.title}" if place else entry.title
    yield f" {mark} {end(visible(told), 76)}"
    if entry.text and entry.kind not in _SHORT:
        yield f"     {visible(entry.text)[:74]}"
    if entry.kind not in _SHORT or entry.level is not Level.NOTE:
        yield from wrap(entry.why, "     ")
