"""From two looks at the places to the entries that a person reads: new, gone, moved, of another verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from porter.drift.entry import Entry, Kind, Level
from porter.drift.match import Match, Pair
from porter.drift.site import Site
from porter.model import VERDICTS, Problem, Verdict

_ASKS = {Verdict.MANUAL.value, Verdict.REVIEW.value}
_LACKS = " has no counterpart of "
_AFTER = {
    Verdict.PORTED.value: "porter ports it",
    Verdict.REVIEW.value: "porter ports it, and a person has to check it",
    Verdict.MANUAL.value: "it is left to a person",
    Verdict.KEPT.value: "it stays as it is",
}


def entries(found: Match, *, safe: Level) -> Iterator[Entry]:
    """What moved. `safe` is the level of a new place that porter ports by itself."""
    for site in found.new:
        if site.verdict != Verdict.KEPT.value:
            yield _new(site, Level.WARNING if site.verdict in _ASKS else safe)
    for pair in found.pairs:
        if pair.old.verdict != pair.new.verdict:
            yield _verdict(pair)
        elif pair.reworded and pair.new.verdict != Verdict.KEPT.value:
            yield _reworded(pair)
        elif pair.moved and pair.new.verdict != Verdict.KEPT.value:
            yield _entry(pair.new, Kind.MOVED, Level.NOTE, f"It was {pair.old.place} before.", was=pair.old.place)
    for site in found.gone:
        if site.verdict != Verdict.KEPT.value:
            yield _entry(site, Kind.GONE, Level.NOTE, "Upstream has it no more.")


def counted(old: Iterable[Site], new: Iterable[Site]) -> tuple[tuple[str, int, int], ...]:
    """How many places there are of each verdict, before and after."""
    before, after = Counter(site.verdict for site in old), Counter(site.verdict for site in new)
    return tuple((verdict.value, before[verdict.value], after[verdict.value]) for verdict in VERDICTS)


def unread(before: Iterable[Problem], after: Iterable[Problem]) -> Iterator[Entry]:
    """Files that cannot be read now and could be before."""
    known = {problem.file for problem in before}
    for problem in sorted(after, key=lambda problem: (problem.file, problem.line)):
        if problem.file not in known:
            why = f"{problem.reason} {problem.advice}"
            yield Entry(Kind.UNREAD, Level.WARNING, "not read", why, problem.file, max(1, problem.line))


def _new(site: Site, level: Level) -> Entry:
    lacks = _LACKS in site.why
    why = f"{site.why} {site.advice}".strip() if site.verdict in _ASKS else site.why
    return _entry(site, Kind.LACKING if lacks else Kind.NEW, level, why)


def _verdict(pair: Pair) -> Entry:
    old, new = pair.old, pair.new
    kind = Kind.LACKING if _LACKS in new.why and new.verdict == Verdict.MANUAL.value else Kind.VERDICT
    level = Level.WARNING if new.verdict in _ASKS else Level.NOTE
    why = f"It was {old.verdict} and is {new.verdict}: {_AFTER.get(new.verdict, new.verdict)}. {new.why} {new.advice}"
    return _entry(new, kind, level, why.strip(), was=old.verdict)


def _reworded(pair: Pair) -> Entry:
    level = Level.WARNING if pair.new.verdict in _ASKS else Level.NOTE
    return _entry(pair.new, Kind.REWORDED, level, f"It read `{pair.old.text}` before.", was=pair.old.text)


def _entry(site: Site, kind: Kind, level: Level, why: str, was: str = "") -> Entry:
    title = f"{site.rule} {site.name}".strip()
    return Entry(
        kind, level, title, why, site.file, site.line, site.column, site.rule, site.id, site.text, was, site.verdict
    )
