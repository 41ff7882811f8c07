"""For a pull request: what moved as tables of GitHub Markdown, short enough for a comment."""

from __future__ import annotations

from collections.abc import Iterator

from porter.drift.entry import TITLES, Drift, Entry, Kind, Level
from porter.report import safe
from porter.report.drift import between, headline, kinds

LIMIT = 60_000  # characters; GitHub takes no comment of more than 65,536
_CAPS = (200, 60, 20, 5)  # the most rows of a table: the first that fits is taken
_FOLDED = {Kind.MOVED, Kind.REWORDED, Kind.GONE, Kind.HAND}
_MARKS = {Level.ERROR: "**error**", Level.WARNING: "**person**", Level.NOTE: "note"}


def render(drift: Drift) -> str:
    text = ""
    for cap in _CAPS:
        text = "\n".join(_lines(drift, cap)) + "\n"
        if len(text) <= LIMIT:
            break
    return text


def _lines(drift: Drift, cap: int) -> Iterator[str]:
    span = between(drift)
    yield f"# {safe.code(drift.subject)} for {safe.code(drift.target)}{f': {safe.code(span)}' if span else ''}"
    yield from ("", f"**{headline(drift)}**")
    if any(old or new for _, old, new in drift.counts):
        yield from ("", "| places | before | now |", "|---|---:|---:|")
        yield from (f"| {verdict} | {old:,} | {new:,} |" for verdict, old, new in drift.counts)
    if drift.entries:
        yield from ("", "| what moved | how many |", "|---|---:|")
        yield from (f"| {TITLES[kind]} | {amount:,} |" for kind, amount in kinds(drift))
    yield from (line for note in drift.notes for line in ("", f"Note: {safe.prose(note)}"))
    for kind, _ in kinds(drift):
        yield from _table(kind, drift.of(kind), cap)


def _table(kind: Kind, entries: list[Entry], cap: int) -> Iterator[str]:
    folded = kind in _FOLDED and len(entries) > 3
    title = f"{TITLES[kind]} ({len(entries):,})"
    yield from ("", "<details>", f"<summary>{title}</summary>") if folded else ("", f"## {TITLES[kind]}")
    yield from ("", "| | place | what | why |", "|---|---|---|---|")
    for entry in entries[:cap]:
        yield f"| {_MARKS[entry.level]} | {_place(entry)} | {_what(entry)} | {_cell(entry.why)} |"
    if entries[cap:]:
        yield from ("", f"And {len(entries) - cap:,} more; `porter check --format json` has them all.")
    if folded:
        yield from ("", "</details>")


def _place(entry: Entry) -> str:
    return safe.code(f"{entry.file}:{entry.line}" if entry.line else entry.file)


def _what(entry: Entry) -> str:
    title = _cell(entry.title)
    return f"{title}<br>{safe.code(entry.text, 120)}" if entry.text else title


def _cell(text: str) -> str:
    return str(safe.prose(text)).replace("|", "\\|").replace("\\\\|", "\\|")
