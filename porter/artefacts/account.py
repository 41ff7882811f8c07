"""The account of a file that is no Python: each accelerator's name that no rule speaks of, with why it stays."""

from __future__ import annotations

import re
from collections.abc import Iterable

from porter.artefacts.page import Page, Stay
from porter.python.remains import Remainder

_WORD = re.compile(rb"[^\s\"'`,;()\[\]{}<>|]+")
_MANY = 20  # reasons that repeat more often in one file are told once, with their number


def remainders(page: Page, covered: Iterable[tuple[int, int]], stays: list[Stay]) -> list[Remainder]:
    """One remainder for each line and reason; one for each reason where a file is full of them."""
    spans = sorted(page.context.triage.named(page.data))
    taken = _Cover(covered)
    reasons = _Reasons(page.data, stays)
    found: dict[str, list[Remainder]] = {}
    once: set[str] = set()
    for start, end in spans:
        if taken.touches(start, end):
            continue
        why, collected = reasons.of(start)
        line = page.source.line_of(start)
        group = found.setdefault(why, [])
        if not group or group[-1].line != line:
            group.append(Remainder(line, start, _slug(why), why))
        if collected:
            once.add(why)
    for why, group in found.items():
        if len(group) > _MANY or (why in once and len(group) > 1):
            first = group[0]
            others = tuple(each.line for each in group[1:])
            all_lines = f"{why} ({len(group)} lines of this file)"
            found[why] = [Remainder(first.line, first.start, first.name, all_lines, others)]
    return sorted((r for group in found.values() for r in group), key=lambda r: (r.start, r.why))


class _Cover:
    """Spans, asked in rising order."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._next = 0
        self._open: list[tuple[int, int]] = []

    def touches(self, start: int, end: int) -> bool:
        while self._next < len(self._spans) and self._spans[self._next][0] < end:
            self._open.append(self._spans[self._next])
            self._next += 1
        self._open = [span for span in self._open if span[1] > start]
        return bool(self._open)


class _Reasons:
    """Why a word stays: what the artefact says of its place, else what the word itself looks like."""

    def __init__(self, data: bytes, stays: list[Stay]) -> None:
        self._data = data
        self._stays = sorted(stays, key=lambda stay: stay.start)
        self._next = 0
        self._open: list[Stay] = []

    def of(self, at: int) -> tuple[str, bool]:
        """The reason, and whether it is told once for the whole file. Offsets must rise from call to call."""
        while self._next < len(self._stays) and self._stays[self._next].start <= at:
            self._open.append(self._stays[self._next])
            self._next += 1
        self._open = [stay for stay in self._open if stay.end > at]
        if self._open:
            inner = min(self._open, key=lambda stay: stay.end - stay.start)
            return inner.why, inner.once
        return _looks(self._data, at), False


def _looks(data: bytes, at: int) -> str:
    line_start = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
    word = next((m for m in _WORD.finditer(data, line_start, at + 200) if m.start() <= at < m.end()), None)
    text = word[0].decode("utf-8", "replace") if word else ""
    if "://" in text:
        return "URL"
    if re.match(r"-{1,2}[A-Za-z]", text):
        return "option: a name that people and scripts type"
    if "/" in text or "\\" in text or re.search(r"\.(cu|cuh|cpp|h|so|py|pt|bin|json|txt|sh|ya?ml)\b", text):
        return "path or file name"
    if re.match(r"[\w.-]+[:=]", text) and text.find(":" if ":" in text else "=") > at - (word.start() if word else at):
        return "key or variable: a name that other programs may look up"
    if text.startswith("$") or re.match(r"\w+=", text):
        return "variable: a name of the repo's own"
    return "word: a name of the repo's own, not the name of a device"


def _slug(why: str) -> str:
    return re.sub(r"[^a-z]+", "-", why.partition(":")[0].lower()).strip("-")[:40]
