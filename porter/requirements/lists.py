"""Lists of requirements as pip reads them: requirements.txt, constraints and their like, with the bytes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from porter.packs.requirement import distribution

_LINE = re.compile(rb"[^\r\n]+")
_COMMENT = re.compile(rb"(?<!\S)#[^\r\n]*")
_EDITABLE = re.compile(r"(-e|--editable)[ =]+")
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]*(\S+)")
_SETTING = re.compile(r"\s+--(?:hash|config-settings|global-option)")
# What pip once took and packaging no longer does, and pipreqs' own writing.
_LOOSE = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\])?\s*([=<>!~]=?=?\s*[\w.*+!,<>=~ ^-]+)?(;.*)?")


class Sort(str, Enum):
    """What a line is."""

    REQUIREMENT = "requirement"
    INCLUDE = "include"  # `text` is the other list
    OPTION = "option"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says, without options and comment, and the bytes in which that stands."""

    sort: Sort
    text: str
    start: int
    end: int
    editable: bool = False
    hashed: bool = False


def comments(data: bytes) -> Iterator[tuple[int, int]]:
    """The comments of a list."""
    found = (_COMMENT.search(data, *line.span()) for line in _LINE.finditer(data))
    return (comment.span() for comment in found if comment is not None)


def lines(data: bytes) -> Iterator[Line]:
    """The lines of a list that say something; what goes on behind a backslash belongs to its first line."""
    continued = False
    for found in _LINE.finditer(data):
        start, end = found.span()
        comment = _COMMENT.search(data, start, end)
        text = data[start : comment.start() if comment else end].decode("utf-8", "replace").rstrip("\\ \t")
        start += len(text) - len(text.lstrip())
        was, continued = continued, data[start : comment.start() if comment else end].rstrip().endswith(b"\\")
        if text.strip() and not was:
            yield _line(data, text.lstrip(), start)


def _line(data: bytes, text: str, start: int) -> Line:
    editable, include = _EDITABLE.match(text), _INCLUDE.match(text)
    if editable:
        start, text = start + editable.end(), text[editable.end() :]
    if include:
        return Line(Sort.INCLUDE, include[1], start, start + len(text.encode()))
    if not text or text.startswith("-"):
        return Line(Sort.OPTION, text, start, start + len(text.encode()))
    spec = _SETTING.split(text)[0].rstrip()
    sort = Sort.REQUIREMENT if _is_requirement(spec) else Sort.UNKNOWN
    return Line(sort, spec, start, start + len(spec.encode()), editable is not None, b"--hash" in _whole(data, start))


def _whole(data: bytes, start: int) -> bytes:
    """A line with those that it goes on in."""
    found = re.compile(rb"(?:[^\r\n]*\\\r?\n)*[^\r\n]*").match(data, start)
    return found[0] if found else b""


def _is_requirement(spec: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    if spec.startswith((".", "/")):
        return True
    if distribution(spec) is None:
        return False
    if "://" in spec or spec.endswith((".whl", ".tar.gz", ".zip")):
        return True
    try:
        Requirement(spec)
    except InvalidRequirement:
        return _LOOSE.fullmatch(spec) is not None
    return True
