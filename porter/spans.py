"""What porter wrote into a file, as replaced lines: enough to make the ported file from the original again."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

# First line (from 0), number of lines, and the text that stands there instead. A plain tuple, so that the lock holds
# it without a wrapper; bytes that are no UTF-8 are lone surrogates in the text.
Span = tuple[int, int, str]


def spans(old: bytes, new: bytes) -> tuple[Span, ...]:
    """The lines of `old` that are others in `new`."""
    before, after = _lines(old), _lines(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    inner, outer = before[head : len(before) - tail], after[head : len(after) - tail]
    matcher = difflib.SequenceMatcher(None, inner, outer, autojunk=len(inner) > 5000)
    return tuple(_spans(matcher, outer, head))


def replay(old: bytes, made: Iterable[Span]) -> bytes:
    """`old` with the spans written into it."""
    lines = _lines(old)
    for first, count, text in sorted(made, reverse=True):
        lines[first : first + count] = [text.encode("utf-8", "surrogateescape")]
    return b"".join(lines)


def _spans(matcher: difflib.SequenceMatcher[bytes], new: list[bytes], head: int) -> Iterator[Span]:
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            yield head + start, end - start, b"".join(new[first:last]).decode("utf-8", "surrogateescape")


def _lines(data: bytes) -> list[bytes]:
    """Only a line feed ends a line, so that the lines of any bytes give them back."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _common(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
