"""Definition files of Apptainer and Singularity: sections of shell text. Rules on lines speak of base images."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from porter.artefacts import shell
from porter.artefacts.page import Page, Reading, Stay
from porter.checkout.walk import Entry

_HEADER = re.compile(rb"(?im)^[ \t]*bootstrap[ \t]*:")
_SECTION = re.compile(rb"(?m)^%(?P<name>\w+)[^\r\n]*\r?\n(?P<body>(?:(?!%\w)[^\r\n]*(?:\r?\n|\Z))*)")
_COMMENT = re.compile(rb"(?m)^[ \t]*#[^\r\n]*")
_READER = frozenset({b"labels", b"help", b"applabels", b"apphelp"})
_FILES = frozenset({b"files", b"appfiles"})


def concerns(entry: Entry) -> bool:
    path = PurePosixPath(entry.path.lower())
    return entry.kind in {"text", "shell"} and (path.suffix == ".def" or path.name.startswith("singularity"))


def wants(data: bytes) -> bool:
    return _HEADER.search(data) is not None


def read(page: Page) -> Reading:
    reading = Reading()
    if not wants(page.data):
        return reading
    reading.stays += [Stay(*found.span(), "comment: text for a reader") for found in _COMMENT.finditer(page.data)]
    for found in _SECTION.finditer(page.data):
        start, end = found.span("body")
        if found["name"] in _READER:
            reading.stays.append(Stay(start, end, "label: text for a reader"))
        elif found["name"] not in _FILES:
            nested = shell.read(page.part(found["body"])).shifted(start)
            nested.flaws = 0
            reading.add(nested)
    return reading
