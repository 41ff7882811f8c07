"""Requirements files: each line whose package is tied to CUDA is a person's, with what to install instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.artefacts.dependencies import requirement
from porter.artefacts.page import Page, Reading, Stay
from porter.checkout.walk import Entry
from porter.packs.requirement import distribution

_LINE = re.compile(rb"[^\r\n]+")
# What pip once took and packaging no longer does, and pipreqs' own writing.
_LOOSE = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\])?\s*([=<>!~]=?=?\s*[\w.*+!,<>=~ ^-]+)?(;.*)?")
_COMMENT = re.compile(rb"(?<!\S)#[^\r\n]*")


def concerns(entry: Entry) -> bool:
    return entry.kind == "requirements"


def wants(data: bytes) -> bool:
    """A pin of torch matters, though it names no accelerator."""
    return bool(data.strip())


def read(page: Page) -> Reading:
    reading = Reading()
    continued = False
    beside = page.data.decode("utf-8", "replace")
    for start, end in lines(page.data):
        comment = _COMMENT.search(page.data, start, end)
        if comment:
            reading.stays.append(Stay(comment.start(), end, "comment: text for a reader"))
            end = comment.start()
        text = page.data[start:end].decode("utf-8", "replace").rstrip("\\ \t")
        indent = len(text) - len(text.lstrip())
        text = text.lstrip()
        start += indent
        if continued:
            text = ""  # the hashes and markers of the line above
        continued = page.data[start:end].rstrip().endswith(b"\\")
        editable = re.match(r"(-e|--editable)[ =]+", text)
        if editable:
            start, text = start + editable.end(), text[editable.end() :]
        if not text or text.startswith("-"):
            continue
        spec = re.split(r"\s+--(?:hash|config-settings|global-option)", text)[0].rstrip()
        if not _is_requirement(spec):
            reason = f"The line {spec[:60]!r} is not a requirement that porter can read."
            reading.troubles.append((start, reason, "Check the line by hand."))
            continue
        hashed = b"--hash" in _whole(page.data, start)
        reading.sites += requirement(page, spec, start, start + len(spec.encode()), hashed=hashed, beside=beside)
    return reading


def _whole(data: bytes, start: int) -> bytes:
    """A line with those that it goes on in behind a backslash."""
    found = re.compile(rb"(?:[^\r\n]*\\\r?\n)*[^\r\n]*").match(data, start)
    return found[0] if found else b""


def lines(data: bytes) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _LINE.finditer(data))


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
