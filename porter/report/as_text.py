"""For a terminal: the verdict, the counts, and what a person must do next, in eighty columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from porter.model import Plan, Verdict
from porter.report.safe import PROSE, shorten, visible
from porter.report.summary import Group, by_rule, by_target, duration, headline, number, summarise

WIDTH = 79
_TOP = 10  # rules that are listed
_PLACES = 3  # places that are named for each
_SECTIONS = (
    (Verdict.MANUAL, "A person must do"),
    (Verdict.REVIEW, "To be checked"),
)


def render(plan: Plan) -> str:
    return "\n".join(line.rstrip() for line in _lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    summary = summarise(plan)
    named = ", ".join(f"{each.title or each.name} ({each.name} {each.version})" for each in plan.targets)
    yield from wrap(f"{plan.origin.name} for {named}")
    yield from wrap(headline(summary))
    yield ""
    yield from wrap(f"Sites: {summary.total}", "  ")
    yield from wrap(
        f"Files: {number(summary.scanned, 'file')} looked at, {summary.changed:,} changed, "
        f"{summary.unread:,} not readable, {summary.untouched:,} copied without a look",
        "  ",
    )
    yield from _by_target(plan)
    yield from _account(plan)
    for note in plan.notes:
        yield from wrap(f"Note: {note}", "  ")
    for verdict, title in _SECTIONS:
        groups = by_rule(plan.findings, verdict)
        if groups:
            yield from ("", f"{title}:")
        for index, group in enumerate(groups[:_TOP], 1):
            yield from _group(index, group)
        if groups[_TOP:]:
            yield f"  and {number(len(groups) - _TOP, 'more rule')}; report.md has them all"
    yield from _rest(plan)


def _by_target(plan: Plan) -> Iterator[str]:
    if plan.others:
        yield from ("", "Sites by target:")
        yield from table(
            [["", *(target.name for target in plan.targets)], *([name, *row] for name, row in by_target(plan))]
        )


def table(rows: list[list[str]]) -> Iterator[str]:
    """Rows with their columns one below the other, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for kind, *cells in rows:
        aligned = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  " + "  ".join([kind.ljust(widths[0]), *aligned])


def _account(plan: Plan) -> Iterator[str]:
    """Lines that name an accelerator, by kind of file: found apart from the rules, so that the sum says something."""
    if not plan.account:
        return
    yield from ("", "Lines that name an accelerator, and the work on each kind of file:")
    signs = [f"{'=' if verdict is Verdict.PORTED else '+'} {verdict.value}" for verdict in Verdict]
    rows = [["", "found", *signs, "work"]]
    for tally in sorted(plan.account, key=lambda tally: (-tally.effort, -tally.found, tally.kind)):
        counts = dict(tally.counts)
        amounts = [f"{amount:,}" for amount in (tally.found, *(counts[verdict] for verdict in Verdict))]
        rows.append([tally.kind, *amounts, duration(tally.effort) if tally.effort else "-"])
    yield from table(rows)
    lost = [f"{file}:{line}" for tally in plan.account for file, line in tally.missing]
    if lost:
        yield from wrap(f"NO VERDICT, a fault of porter's: {', '.join(lost[:_TOP])}", "  ")


def _group(index: int, group: Group) -> Iterator[str]:
    effort = f", {duration(group.effort)}" if group.effort else ""
    yield from wrap(f"{group.rule} {group.name}: {number(len(group.findings), 'place')}{effort}", f" {index:>2}. ")
    for text in (group.advices or group.whys)[:1]:
        yield from wrap(text, "     ")
    places = [f"{file}:{line}" for file, lines in group.places for line in lines]
    for place in places[:_PLACES]:
        yield f"     {end(visible(place), WIDTH - 5)}"
    if places[_PLACES:]:
        yield f"     and {number(len(places) - _PLACES, 'more line')}"


def _rest(plan: Plan) -> Iterator[str]:
    if plan.dependencies:
        yield from ("", "Packages tied to CUDA:")
        yield from wrap(", ".join(sorted(need.name for need in plan.dependencies)), "  ")
    if plan.problems:
        yield from ("", "Not read:")
        for problem in sorted(plan.problems, key=lambda problem: (problem.file, problem.line))[:_TOP]:
            yield from wrap(f"{problem.file}: {problem.reason}", "  ")
        if plan.problems[_TOP:]:
            yield f"  and {number(len(plan.problems) - _TOP, 'more file')}; report.md has them all"


def wrap(text: str, lead: str = "") -> Iterator[str]:
    """Words in lines that fit; `lead` stands before the first line, as much space before the others."""
    line = ""
    for word in shorten(visible(" ".join(text.split())), PROSE).split():
        for piece in _pieces(word, WIDTH - len(lead)):
            if line and _columns(f"{line} {piece}") > WIDTH - len(lead):
                yield lead + line
                line, lead = "", " " * len(lead)
            line = f"{line} {piece}" if line else piece
    if line:
        yield lead + line


def _pieces(word: str, width: int) -> Iterator[str]:
    """A word that is wider than a line, as Chinese sentences are, in parts."""
    piece, used = "", 0
    for letter in word:
        wide = _columns(letter)
        if used + wide > width:
            yield piece
            piece, used = "", 0
        piece, used = piece + letter, used + wide
    yield piece


def end(text: str, width: int) -> str:
    """The end of a long path, which tells more than its beginning."""
    if _columns(text) <= width:
        return text
    start, used = len(text), 1  # one for the ellipsis
    while used + _columns(text[start - 1]) <= width:
        start -= 1
        used += _columns(text[start])
    return f"…{text[start:]}"


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes: two for a wide letter, none for a mark set over another."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
