"""Native code: CUDA sources and headers; one site for each file, since porting a kernel is a person's work."""

from __future__ import annotations

import re
from dataclasses import replace

from porter.artefacts.page import Page, Reading, manual
from porter.checkout.walk import Entry
from porter.kinds import text as text_kind

_KINDS = frozenset({"cuda", "cpp"})
_KERNEL = re.compile(rb"\b__global__\b")
_LAUNCH = re.compile(rb"<<<")


def concerns(entry: Entry) -> bool:
    return entry.kind in _KINDS


def wants(data: bytes) -> bool:
    return _KERNEL.search(data) is not None


def read(page: Page) -> Reading:
    """The first match of the rules for native code stands for the whole file."""
    reading = Reading()
    code = _without_comments(page.data)
    first = min(text_kind.find_text(code, page.line_rules), key=lambda site: site.start, default=None)
    if first is None:
        return reading
    kernels, launches = len(_KERNEL.findall(code)), len(_LAUNCH.findall(code))
    because = f"The file has {kernels} kernel{'s'[: kernels != 1]} and {launches} launch{'es'[: 2 * (launches != 1)]}."
    reading.sites.append(replace(manual(first.rule, first.start, first.end, because), advice=first.advice))
    reading.covers.append((0, len(page.data)))
    return reading


def _without_comments(data: bytes) -> bytes:
    blank = re.compile(rb"//[^\r\n]*|/\*.*?\*/|(\"(?:[^\"\\\r\n]|\\.)*\")", re.DOTALL)
    return blank.sub(lambda found: found[1] or re.sub(rb"[^\r\n]", b" ", found[0]), data)
