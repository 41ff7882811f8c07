"""Native code: CUDA sources, headers and bindings; one site for each file, and one for each place that a rule names."""

from __future__ import annotations

import re
from dataclasses import replace

from porter.artefacts.operators import callers, operators, sentence
from porter.artefacts.page import Page, Reading, Stay, manual
from porter.checkout.walk import Entry
from porter.kinds import text as text_kind

_KINDS = frozenset({"cuda", "cpp"})
_KERNEL = re.compile(rb"\b__global__\b")
_COMMENT = re.compile(rb"//[^\r\n]*|/\*.*?\*/|(\"(?:[^\"\\\r\n]|\\.)*\")", re.DOTALL)  # or a string
_LAUNCH = re.compile(rb"<<<")


def concerns(entry: Entry) -> bool:
    return entry.kind in _KINDS


def wants(data: bytes) -> bool:
    return _KERNEL.search(data) is not None


def read(page: Page) -> Reading:
    """One match stands for the whole file: the first of the rule that means the most work."""
    reading = Reading()
    code = _without_comments(page.data)
    reading.stays += [
        Stay(*found.span(), "comment: text for a reader") for found in _COMMENT.finditer(page.data) if found[1] is None
    ]
    reading.sites += text_kind.find_text(code, [rule for rule in page.line_rules if rule.each])
    found = text_kind.find_text(code, [rule for rule in page.line_rules if not rule.each])
    first = min(found, key=lambda site: (-site.rule.effort, site.start), default=None)
    if first is None:
        return reading
    kernels, launches = len(_KERNEL.findall(code)), len(_LAUNCH.findall(code))
    counted = f"The file has {kernels} kernel{'s'[: kernels != 1]} and {launches} launch{'es'[: 2 * (launches != 1)]}."
    names = operators(code)
    told = sentence(names, callers(names, page.context.library.sources()) if names else [])
    because = " ".join(filter(None, [counted if kernels or launches else "", told]))
    reading.sites.append(replace(manual(first.rule, first.start, first.end, because), advice=first.advice))
    reading.covers.append((0, len(page.data)))
    return reading


def _without_comments(data: bytes) -> bytes:
    return _COMMENT.sub(lambda found: found[1] or re.sub(rb"[^\r\n]", b" ", found[0]), data)
