"""Text for readers, data, and code of other languages: told once for each file."""

from __future__ import annotations

from pathlib import PurePosixPath

from porter.artefacts import documents
from porter.artefacts.page import Page, Reading, Stay
from porter.checkout.walk import Entry

_WHY = {
    "data: values that a program reads, not settings": ".jsonl .csv .tsv .log .xml .bib",
    "another language: no part of what PyTorch runs": ".js .ts .css .html .sql .svg .j2",
    "patch: a change to other files, kept as it was made": ".diff .patch",
}
_BY_SUFFIX = {suffix: why for why, suffixes in _WHY.items() for suffix in suffixes.split()}
_DOCUMENT = "documentation: text for a reader"
_DOCUMENT_NAMES = ("readme", "license", "licence", "notice", "changelog", "contributing", "copying", "authors", "news")


def concerns(entry: Entry) -> bool:
    if entry.kind == "markdown":
        return True
    path = PurePosixPath(entry.path.lower())
    known = (
        path.suffix in _BY_SUFFIX or path.suffix in {".txt", ".rst", ".tex"} or path.name.startswith(_DOCUMENT_NAMES)
    )
    return entry.kind == "text" and known


def read(page: Page) -> Reading:
    suffix = PurePosixPath(page.path.lower()).suffix
    reading = Reading(stays=[Stay(0, len(page.data), _BY_SUFFIX.get(suffix, _DOCUMENT), once=True)])
    if page.context.docs and (page.entry.kind == "markdown" or suffix == ".rst"):
        reading.sites += documents.read(page, suffix)
    return reading
