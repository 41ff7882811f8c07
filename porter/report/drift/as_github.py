"""For GitHub Actions: workflow commands that put an error, a warning or a notice beside the line in a pull request."""

from __future__ import annotations

from porter.drift.entry import TITLES, Drift, Entry, Kind, Level
from porter.report.as_github import command
from porter.report.drift import headline

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_QUIET = {Kind.MOVED, Kind.REWORDED, Kind.GONE, Kind.HAND}


def render(drift: Drift) -> str:
    # GitHub shows only the first few of a step; entries come most pressing first.
    told = [entry for entry in drift.entries if entry.level is not Level.NOTE or entry.kind not in _QUIET]
    head = command("notice", {"title": f"porter, target {drift.target}"}, headline(drift))
    return "\n".join([head, *map(_entry, told)]) + "\n"


def _entry(entry: Entry) -> str:
    place = {"file": entry.file, "line": str(max(1, entry.line)), "col": str(entry.column)} if entry.file else {}
    title = f"{TITLES[entry.kind]}: {entry.title}"
    return command(_LEVELS[entry.level], {**place, "title": title}, entry.why or entry.title)
