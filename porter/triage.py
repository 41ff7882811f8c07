"""Triage: which files can hold a site at all, by the words that the rules look for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from os.path import commonprefix

from porter import kinds
from porter.packs.pack import Pack
from porter.packs.rule import BESIDE, NOT

_FAMILY = 4  # words that begin with the same letters are searched for together
_IMPORTED = re.compile(rb"[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t]*(?:\(([^)]*)\)|([^(\n]+))")
_ALIAS = re.compile(rb"\bas[ \t]+([A-Za-z_]\w*)|^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*[\w.]+[ \t]*(?:#|$)", re.MULTILINE)


class Triage:
    """The trigger words of a pack. A file without any of them cannot hold a site.

    Searching for a plain word costs a hundredth of the parse, so everything here is made of few plain words: words
    that contain another one are left out, and words with a common beginning become one regular expression. A word that
    many files have counts only beside other words that the rule needs: it is rare that a file has all of them.
    """

    def __init__(self, pack: Pack) -> None:
        modules = kinds.modules()
        found, packages = {word: {frozenset[str]()} for word in pack.vocabulary}, set[str]()
        for trigger in sorted({each for rule in pack.rules for each in modules[kinds.kind_of(rule)].triggers(rule)}):
            if trigger.startswith("import "):
                packages.add(trigger.removeprefix("import "))
            elif trigger:
                word, beside = essential(trigger, pack.vocabulary)
                found.setdefault(word, set()).add(beside)
        self._beside = _least(found)
        self._words, self._families = _families(self._beside)
        self._imports = _Imports(packages)
        self._unpacked = _unpacked(pack)
        self._named = tuple(word.encode() for word in _minimal(word.lower() for word in pack.vocabulary))
        self._vocabulary = re.compile(b"|".join(map(re.escape, self._named)))
        self._others = tuple(word for word in self._words if not any(name in word.lower() for name in self._named))

    def concerns(self, data: bytes) -> bool:
        """Whether a file can hold a site."""
        folded = data.lower()  # words that name an accelerator count in any case: `cuDNN` does, too
        return (
            any(word in folded for word in self._named)
            or any(word in data and self._is_beside(word, data) for word in self._others)
            or any(start in data and self._has_family(family, data) for start, family in self._families)
            or any(self._imports.find(data))
        )

    def touches(self, data: bytes) -> bool:
        """Whether a trigger word stands in a part of a file, whatever stands in the rest of it."""
        return any(True for _ in self._anchors(data)) or any(word in data.lower() for word in self._named)

    def hits(self, data: bytes) -> list[int]:
        """The offsets of all trigger words, and of the local names that stand for something with a trigger word."""
        found = list(self._anchors(data))
        lines = {data.rfind(b"\n", 0, offset) + 1 for offset in found}
        aliases = {name for start in lines for name in _aliases(data, start, self._unpacked)}
        if aliases:
            wanted = re.compile(rb"\b(?:" + b"|".join(map(re.escape, sorted(aliases))) + rb")\b")
            found += [m.start() for m in wanted.finditer(data)]
        return found

    def named(self, data: bytes) -> list[tuple[int, int]]:
        """The spans of the words that name an accelerator: each must have a verdict."""
        return [found.span() for found in self._vocabulary.finditer(data.lower())]

    def _anchors(self, data: bytes) -> Iterator[int]:
        for word in self._words:
            yield from _occurrences(word, data)
        for start, family in self._families:
            if start in data:
                yield from (found.start() for found in family.finditer(data))
        yield from self._imports.find(data)

    def _has_family(self, family: re.Pattern[bytes], data: bytes) -> bool:
        return any(self._is_beside(word, data) for word in set(family.findall(data)))

    def _is_beside(self, word: bytes, data: bytes) -> bool:
        return any(all(_holds(each, word, data) for each in words) for words in self._beside[word.decode()])


def essential(trigger: str, vocabulary: Iterable[str]) -> tuple[str, frozenset[str]]:
    """The word of a trigger that is searched for, and what has to stand beside it in a file.

    A word of the vocabulary says as much as all that contains it, and is searched anyway. Of a qualified name it is the
    longest segment; a file that means the name has to spell each of the others once, too.
    """
    trigger, *beside = trigger.split(BESIDE)
    known = next((word for word in vocabulary if word in trigger), None)
    if known is None and re.fullmatch(r"\w+(\.\w+)+", trigger):
        head, *segments = trigger.split(".")
        longest = max(segments, key=len)
        return longest, frozenset({head, *segments, *beside} - {longest})
    return known or trigger, frozenset(beside)


def _least(found: dict[str, set[frozenset[str]]]) -> dict[str, tuple[frozenset[str], ...]]:
    """The words without those that contain another one, which then stand beside that one."""
    kept: dict[str, set[frozenset[str]]] = {word: set() for word in _minimal(found)}
    for word, beside in found.items():
        for inner in (each for each in kept if each in word):
            kept[inner] |= {others if word == inner else others | {word} for others in beside}
    return {word: (frozenset(),) if frozenset() in beside else tuple(beside) for word, beside in kept.items()}


@cache
def _expression(word: str) -> re.Pattern[bytes]:
    """A word that begins as a name does is its beginning: `torch` is not in `pytorch`."""
    return re.compile((rb"\b" if re.match(r"\w", word) else b"") + re.escape(word.encode()))


def _holds(needed: str, word: bytes, data: bytes) -> bool:
    """Whether what a word needs is in a file: another word, or a call without some keyword argument."""
    if needed.startswith(NOT):
        return _without(word, needed.removeprefix(NOT)).search(data) is not None
    return needed.encode() in data and _expression(needed).search(data) is not None


@cache
def _without(call: bytes, keyword: str) -> re.Pattern[bytes]:
    """A call behind which no argument of a name is seen; what cannot be told at a glance counts as one without."""
    plain = rb"""[^()\n#"'\\]|"[^"\n\\]*"|'[^'\n\\]*'"""
    before = rb"(?:%s|\((?:%s|\((?:%s)*\))*\))*" % (plain, plain, plain)
    return re.compile(re.escape(call) + rb"(?!%s,\s*%s=)" % (before, keyword.encode()))


class _Imports:
    """Import statements of packages. Two expressions that begin with a plain word each are ten times as fast as one."""

    def __init__(self, packages: Iterable[str]) -> None:
        names = b"|".join(re.escape(name.encode()) for name in sorted(packages))
        statements = (rb"import[ \t]+(?:[\w., \t]+,[ \t]*)?", rb"from[ \t]+")
        self._wanted = [re.compile(each + rb"(?:" + names + rb")\b") for each in statements] if names else []

    def find(self, data: bytes) -> Iterator[int]:
        """Where such statements begin: with their line, behind a semicolon, or inside `from … import`."""
        for wanted in self._wanted:
            yield from (found.end() - 1 for found in wanted.finditer(data))


def _unpacked(pack: Pack) -> re.Pattern[bytes] | None:
    """A line that takes apart what a function gives whose results rules compare: `major, minor = f()`."""
    from porter.kinds.flag import Rule

    functions = {name.rpartition(".")[2].encode() for rule in pack.of(Rule) for name in rule.compared}
    names = b"|".join(map(re.escape, sorted(functions)))
    return re.compile(rb"^[ \t]*([A-Za-z_][\w, \t]*?)[ \t]*=[^=].*(?:" + names + rb")", re.MULTILINE) if names else None


def _aliases(data: bytes, start: int, unpacked: re.Pattern[bytes] | None) -> list[bytes]:
    """The names that a line gives to something: `import torch.cuda as tc`, `tc = torch.cuda`, and the numbers of a
    capability, on which gates are built further down. The line begins at `start` and has a trigger word."""
    end = data.find(b"\n", start)
    line = data[start : end if end >= 0 else len(data)]
    taken = _IMPORTED.match(data, start)
    if taken is not None:  # `from torch.cuda.amp import (autocast, GradScaler as Scaler)`
        return re.findall(rb"[A-Za-z_]\w*(?=[ \t]*(?:,|$|#|\)))", taken[1] or taken[2], re.MULTILINE)
    if b"=" not in line and b" as" not in line:
        return []
    told = unpacked.finditer(line) if unpacked is not None else ()
    gates = [name for found in told for name in re.findall(rb"[A-Za-z]\w*", found[1])]
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


def _minimal(words: Iterable[str]) -> tuple[str, ...]:
    """The words without those that contain another one, the shortest first."""
    kept: list[str] = []
    for word in sorted({w for w in words if w}, key=lambda w: (len(w), w)):
        if not any(other in word for other in kept):
            kept.append(word)
    return tuple(kept)
