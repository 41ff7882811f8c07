"""Requirements files: each line whose package is tied to CUDA is a person's, with what to install instead."""

from __future__ import annotations

from porter.artefacts.dependencies import requirement
from porter.artefacts.page import Page, Reading, Stay
from porter.checkout.walk import Entry
from porter.requirements import lists


def concerns(entry: Entry) -> bool:
    return entry.kind == "requirements"


def wants(data: bytes) -> bool:
    """A pin of torch matters, though it names no accelerator."""
    return bool(data.strip())


def read(page: Page) -> Reading:
    beside = page.data.decode("utf-8", "replace")
    reading = Reading(stays=[Stay(*span, "comment: text for a reader") for span in lists.comments(page.data)])
    for line in lists.lines(page.data):
        if line.sort is lists.Sort.UNKNOWN:
            reason = f"The line {line.text[:60]!r} is not a requirement that porter can read."
            reading.troubles.append((line.start, reason, "Check the line by hand."))
        elif line.sort is lists.Sort.REQUIREMENT:
            reading.sites += requirement(page, line.text, line.start, line.end, hashed=line.hashed, beside=beside)
    return reading
