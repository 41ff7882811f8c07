"""INI files as scalars with their bytes: sections, keys, values and their continued lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.artefacts.scalars import Scalar

_LINE = re.compile(rb"[^\r\n]*")
_SECTION = re.compile(r"\[(.+)\]\s*$")
_ITEM = re.compile(r"([^\s=:#;\[][^=:]*?)(\s*[=:]\s*)(.*?)\s*$")


def scalars(data: bytes) -> Iterator[Scalar]:
    path: tuple[str, ...] = ()
    key = ""
    for found in _LINE.finditer(data):
        line = found[0].decode("utf-8", "replace")
        text = line.strip()
        start = found.start() + len(line[: len(line) - len(line.lstrip())].encode())
        section, item = _SECTION.match(text), _ITEM.match(line)
        if not text or text.startswith(("#", ";")):
            continue
        if section:
            path, key = (section[1],), ""
        elif line[0] in " \t" and key:
            yield Scalar((*path, key), text, start, start + len(text.encode()))
        elif item:
            key = item[1]
            yield Scalar(path, key, start, start + len(key.encode()), is_key=True)
            at = start + len((item[1] + item[2]).encode())
            if item[3]:
                yield Scalar((*path, key), item[3], at, at + len(item[3].encode()))


def comments(data: bytes) -> Iterator[tuple[int, int]]:
    return (found.span() for found in re.finditer(rb"(?m)^[ \t]*[#;][^\r\n]*", data))
