"""Native code: CUDA sources, headers and bindings; one site for each file, and one for each place that a rule names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import accumulate

from porter.artefacts.operators import callers, fallbacks, operators, sentence
from porter.artefacts.page import Page, Reading, Stay, manual
from porter.checkout.walk import Entry
from porter.kinds import text as text_kind
from porter.model import Edit
from porter.proposal import Proposal, verdict_of

_KINDS = frozenset({"cuda", "cpp"})
_KERNEL = re.compile(rb"\b__global__\b")
_COMMENT = re.compile(rb"//[^\r\n]*|/\*.*?\*/|(\"(?:[^\"\\\r\n]|\\.)*\")", re.DOTALL)  # or a string
# What hipify may have something to say about.
_CUDA = r"(?i)cuda|cublas|cudnn|curand|cusparse|cufft|nccl|cub/|cub::|thrust|__global__"
_ASSEMBLY = re.compile(rb"\b(?:asm|__asm__)\s*(?:volatile|__volatile__)?\s*\(")
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
    translated = [site for rule in page.line_rules if rule.translate for site in _translated(page, rule)]
    apart = text_kind.find_text(code, [rule for rule in page.line_rules if rule.each])
    reading.sites += [*translated, *(site for site in apart if _left(page, site, translated))]
    if translated:
        reading.covers.append((0, len(page.data)))
        return reading
    found = text_kind.find_text(code, [rule for rule in page.line_rules if not rule.each])
    first = min(found, key=lambda site: (-site.rule.effort, site.start), default=None)
    if first is None:
        return reading
    kernels, launches = len(_KERNEL.findall(code)), len(_LAUNCH.findall(code))
    counted = f"The file has {kernels} kernel{'s'[: kernels != 1]} and {launches} launch{'es'[: 2 * (launches != 1)]}."
    assembly = len(_ASSEMBLY.findall(code))
    machine = f"It has inline assembly (PTX) in {assembly} place{'s'[: assembly != 1]}." if assembly else ""
    names = operators(code)
    sources = page.context.library.sources() if names else []
    told = sentence(names, callers(names, sources), fallbacks(names, sources)) if names else ""
    because = " ".join(filter(None, [counted if kernels or launches else "", machine, told]))
    reading.sites.append(
        replace(manual(first.rule, first.start, first.end, because), verdict=first.verdict, advice=first.advice)
    )
    reading.covers.append((0, len(page.data)))
    return reading


def _translated(page: Page, rule: text_kind.Rule) -> Iterator[Proposal]:
    """A site for each run of lines that the translator changes."""
    from porter.targets.hipify import made_by, translate

    if not text_kind.expression(_CUDA).search(page.data):
        return
    old = page.data.splitlines(keepends=True)
    new = translate(page.data, page.name).splitlines(keepends=True)
    starts = [0, *accumulate(len(line) for line in old)]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            start, end = starts[a], starts[b]
            edit = Edit(start, end, b"".join(new[c:d]), page.data[start:end])
            yield Proposal(rule, start, end, verdict_of(rule.safety), (edit,), f"It is the hipify of {made_by()}.")


def _left(page: Page, site: Proposal, translated: list[Proposal]) -> bool:
    """Whether a place still stands once the lines around it are translated."""
    text = page.data[site.start : site.end]
    around = [edit for other in translated for edit in other.edits if edit.start <= site.start < edit.end]
    return all(text in edit.new for edit in around)


def _without_comments(data: bytes) -> bytes:
    return _COMMENT.sub(lambda found: found[1] or re.sub(rb"[^\r\n]", b" ", found[0]), data)
