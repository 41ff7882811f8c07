"""Build files and sources of other languages with # comments: only rules on lines of text speak about them."""

from __future__ import annotations

import re

from porter.artefacts.page import Page, Reading, Stay
from porter.checkout.walk import Entry

_COMMENT = re.compile(rb"(?m)(?:^|[ \t])(?P<site>#[^\r\n]*)")


def concerns(entry: Entry) -> bool:
    return entry.kind in {"cmake", "cython"}


def read(page: Page) -> Reading:
    return Reading(
        stays=[Stay(*found.span("site"), "comment: text for a reader") for found in _COMMENT.finditer(page.data)]
    )
