"""Scripts for Windows: the targets run on Linux, so what they set up is told, a line at a time, and never changed."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from porter.artefacts.dependencies import installs, requirement
from porter.artefacts.page import Page, Reading, Stay
from porter.checkout.walk import Entry
from porter.kinds import text as text_kind

_BATCH = frozenset({".bat", ".cmd"})
_POWERSHELL = frozenset({".ps1", ".psm1"})
_PROSE = {
    True: re.compile(rb"(?im)^[ \t]*(?:@?rem\b|::)[^\r\n]*|^[ \t]*@?echo\b[^\r\n>|]*(?=[\r\n]|\Z)"),
    False: re.compile(rb"(?ims)<#.*?#>|^[ \t]*#[^\r\n]*|^[ \t]*write-(?:host|output|verbose|warning)\b[^\r\n]*"),
}
_WORD = re.compile(rb"[^\s\"'|&;()]+")


def concerns(entry: Entry) -> bool:
    return PurePosixPath(entry.path.lower()).suffix in _BATCH | _POWERSHELL


def wants(data: bytes) -> bool:
    """A script installs packages without any word of the triage."""
    return b"install" in data


def read(page: Page) -> Reading:
    """Rules on the text of lines speak first; a package that is installed in a line of its own is told besides."""
    batch = PurePosixPath(page.path.lower()).suffix in _BATCH
    reading = Reading(
        stays=[
            Stay(*found.span(), "message or comment: text for a reader") for found in _PROSE[batch].finditer(page.data)
        ]
    )
    told = {page.source.line_of(site.start) for site in text_kind.find_text(page.data, page.line_rules)}
    for found in re.finditer(rb"[^\r\n]+", page.data):
        if page.source.line_of(found.start()) in told or any(s.start <= found.start() < s.end for s in reading.stays):
            continue
        words = [
            (word[0].decode("utf-8", "replace"), *word.span()) for word in _WORD.finditer(page.data, *found.span())
        ]
        for text, start, end in installs(words):
            reading.sites += requirement(page, text, start, end)
    return reading
