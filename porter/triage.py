"""Triage: which files can hold a site at all, by the words that the rules look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from os.path import commonprefix

from porter import kinds
from porter.packs.pack import Pack

_FAMILY = 4  # words that begin with the same letters are searched for together
_UNPACKED = re.compile(rb"^[ \t]*([A-Za-z_][\w, \t]*?)[ \t]*=[^=].*get_device_(?:capability|properties)", re.MULTILINE)
_IMPORTED = re.compile(rb"[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\(([^)]*)\)|([^(\n]+))")
_ALIAS = re.compile(rb"\bas[ \t]+([A-Za-z_]\w*)|^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*[\w.]+[ \t]*(?:#|$)", re.MULTILINE)


class Triage:
    """The trigger words of a pack. A file without any of them cannot hold a site.

    Searching for a plain word costs a hundredth of the parse, so everything here is made of few plain words: words
    that contain another one are left out, and words with a common beginning become one regular expression.
    """

    def __init__(self, pack: Pack) -> None:
        modules = kinds.modules()
        words, packages = set(pack.vocabulary), set[str]()
        for rule in pack.rules:
            for word in modules[kinds.kind_of(rule)].triggers(rule):
                kind, _, name = word.partition("import ")
                (packages if name and not kind else words).add(name or word)
        essential = _minimal(essential_word(word, pack.vocabulary) for word in words)
        self._words, self._families = _families(essential)
        self._folded = tuple(word.encode() for word in _minimal(word.decode().lower() for word in self._words))
        self._imports = _import_lines(packages)
        named = _minimal(word.lower() for word in pack.vocabulary)
        self._named = tuple(word.encode() for word in named)
        self._vocabulary = re.compile(b"|".join(map(re.escape, self._named)))

    def concerns(self, data: bytes) -> bool:
        folded = data.lower()  # `cuda`, `Cuda` and `CUDA` in one search; the words themselves then decide
        return (
            any(word in folded for word in self._named)  # these in any case: `cuDNN` names an accelerator too
            or (any(word in folded for word in self._folded) and any(word in data for word in self._words))
            or any(start in data and family.search(data) is not None for start, family in self._families)
            or (self._imports is not None and self._imports.search(b"\n" + data) is not None)
        )

    def hits(self, data: bytes) -> list[int]:
        """The offsets of all trigger words, and of the local names that stand for something with a trigger word."""
        found = [offset for word in self._words for offset in _occurrences(word, data)]
        found += [m.start() for start, family in self._families if start in data for m in family.finditer(data)]
        if self._imports is not None:
            found += [m.end() - 2 for m in self._imports.finditer(b"\n" + data)]
        lines = {data.rfind(b"\n", 0, offset) + 1 for offset in found}
        aliases = {name for start in lines for name in _aliases(data, start)}
        if aliases:
            wanted = re.compile(rb"\b(?:" + b"|".join(map(re.escape, sorted(aliases))) + rb")\b")
            found += [m.start() for m in wanted.finditer(data)]
        return found

    def named(self, data: bytes) -> list[tuple[int, int]]:
        """The spans of the words that name an accelerator: each must have a verdict."""
        return [found.span() for found in self._vocabulary.finditer(data.lower())]


def essential_word(trigger: str, vocabulary: Iterable[str]) -> str:
    """The part of a trigger that is a word of the vocabulary, if there is one: it says as much and is searched anyway.

    Of a qualified name it is the longest segment: a file that means the name has to spell each segment once.
    """
    known = next((word for word in vocabulary if word in trigger), None)
    if known is None and re.fullmatch(r"\w+(\.\w+)+", trigger):
        return max(trigger.split(".")[1:], key=len)
    return known or trigger


def _aliases(data: bytes, start: int) -> list[bytes]:
    """The names that a line gives to something: `import torch.cuda as tc`, `tc = torch.cuda`, and the numbers of a
    capability, on which gates are built further down. The line begins at `start` and has a trigger word."""
    end = data.find(b"\n", start)
    line = data[start : end if end >= 0 else len(data)]
    taken = _IMPORTED.match(data, start)
    if taken is not None:  # `from torch.cuda.amp import (autocast, GradScaler as Scaler)`
        return re.findall(rb"[A-Za-z_]\w*(?=[ \t]*(?:,|$|#|\)))", taken[1] or taken[2], re.MULTILINE)
    if b"=" not in line and b" as" not in line:
        return []
    gates = [name for found in _UNPACKED.finditer(line) for name in re.findall(rb"[A-Za-z]\w*", found[1])]
    return [found[1] or found[2] for found in _ALIAS.finditer(line)] + gates


def _occurrences(word: bytes, data: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + len(word))


def _families(words: Iterable[str]) -> tuple[tuple[bytes, ...], list[tuple[bytes, re.Pattern[bytes]]]]:
    """The words that stand alone, and those with a common beginning as one expression behind that beginning."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[:_FAMILY], []).append(word)
    together: list[tuple[bytes, re.Pattern[bytes]]] = []
    for group in groups.values():
        start = commonprefix(group)  # noqa: RUF071  (letter by letter is what is meant)
        tails = b"|".join(re.escape(word[len(start) :].encode()) for word in sorted(group))
        if len(group) > 1:
            together.append((start.encode(), re.compile(re.escape(start.encode()) + b"(?:" + tails + b")")))
    return tuple(group[0].encode() for group in groups.values() if len(group) == 1), together


def _import_lines(packages: Iterable[str]) -> re.Pattern[bytes] | None:
    names = b"|".join(re.escape(name.encode()) for name in sorted(packages))
    return (
        re.compile(rb"[\n;][ \t]*(?:import|from)[ \t]+(?:[\w., \t]+,[ \t]*)?(?:" + names + rb")\b") if names else None
    )


def _minimal(words: Iterable[str]) -> tuple[str, ...]:
    """The words without those that contain another one, the shortest first."""
    kept: list[str] = []
    for word in sorted({w for w in words if w}, key=lambda w: (len(w), w)):
        if not any(other in word for other in kept):
            kept.append(word)
    return tuple(kept)
