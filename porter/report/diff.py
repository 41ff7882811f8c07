"""Changes as a reader sees them: edits of a line merged, long lines cut around what changes, in a fence that holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile

from porter.report.safe import INLINE, Safe, plain, shorten, visible

Change = tuple[str, str]  # before, after; equal when nothing was changed

_LINES = 20  # lines of one side of a change that are shown
_LEAD = 60  # characters that stay before the first difference of a long line


def merge(changes: Iterable[Change]) -> list[Change]:
    """Edits that each tell the same text before are told once, with all of them applied, where they do not overlap."""
    merged: dict[str, list[str]] = {}
    for before, after in changes:
        afters = merged.setdefault(before, [])
        if after not in afters:
            afters.append(after)
    return [change for before, afters in merged.items() for change in _together(before, afters)]


def block(changes: Iterable[Change]) -> Safe:
    """A fenced diff of the changes."""
    rows = [row for change in changes for row in _rows(*change)]
    longest = max((len(run) for row in rows for run in re.findall("`+", row)), default=0)
    fence = "`" * max(3, longest + 1)
    return Safe("\n".join((f"{fence}diff", *rows, fence)))


def _together(before: str, afters: list[str]) -> list[Change]:
    if len(afters) == 1:
        return [(before, afters[0])]
    spans = sorted(_span(before, after) for after in afters)
    if any(end > start for (_, end, _), (start, _, _) in pairwise(spans)):
        return [(before, after) for after in afters]
    text, at = "", 0
    for start, end, new in spans:
        text, at = text + before[at:start] + new, end
    return [(before, text + before[at:])]


def _span(before: str, after: str) -> tuple[int, int, str]:
    """The smallest span of `before` that was replaced, and by what."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    return head, len(before) - tail, after[head : len(after) - tail]


def _rows(before: str, after: str) -> list[str]:
    old, new = _split(before), _split(after)
    if old == new:
        return [f"  {shorten(visible(row), INLINE)}".rstrip() for row in _cut(old)]
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
    starts = [_start(*pair) for pair in zip(removed, added, strict=False)] if len(removed) == len(added) else []
    return [
        *(f"  {shorten(visible(row), INLINE)}".rstrip() for row in old[max(0, head - 2) : head]),
        *(f"- {row}" for row in _cut(_window(removed, starts))),
        *(f"+ {row}" for row in _cut(_window(added, starts))),
        *(f"  {shorten(visible(row), INLINE)}".rstrip() for row in old[len(old) - tail :][:2]),
    ]


def _split(text: str) -> list[str]:
    text = plain(text)
    return re.split(r"\r\n|\r|\n", re.sub(r"(\r\n|\r|\n)\Z", "", text)) if text else []


def _start(before: str, after: str) -> int:
    """Where to begin to show two long lines, so that their difference is in sight."""
    if max(len(before), len(after)) <= INLINE:
        return 0
    return max(0, _common(before, after) - _LEAD)


def _window(rows: list[str], starts: list[int]) -> list[str]:
    starts = starts or [0] * len(rows)
    return [
        shorten(visible(("…" if start else "") + row[start : start + 2 * INLINE]), INLINE)
        for row, start in zip(rows, starts, strict=True)
    ]


def _cut(rows: list[str]) -> list[str]:
    left = len(rows) - _LINES
    return [*rows[:_LINES], f"… {left} more lines"] if left > 0 else rows


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many items at the start are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
