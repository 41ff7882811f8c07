"""Edits by hand that name another vendor's device, or the CPU where the device stood: wrong whether they run or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.harness.handwork import Change
from porter.targets import catalog

_EVERYWHERE = {
    "cpu",
    "gloo",
    "cuda",
    "nccl",
    "torch",
    "",
}  # names that are not one vendor's, or that a second plan finds
_VISIBLE = re.compile(r"\b[A-Z_]+_VISIBLE_DEVICES\b")
_ON_CPU = re.compile(r"""["'](?:cpu|gloo)["':]|\.cpu\(\)|\btorch\.cpu\.""")
_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)


def wrong_names(changes: tuple[Change, ...], target: str) -> Iterator[str]:
    """A sentence without its full stop for each, but for edits of which somebody said that they are meant."""
    if not changes:
        return
    own = _words(target)
    others = {word: name for name in catalog.names() for word in _words(name) - own}
    for change in changes:
        if not change.meant:
            yield from (f"{change.place} {said}" for said in _said(change, own, others))


def _said(change: Change, own: set[str], others: dict[str, str]) -> Iterator[str]:
    stood, stands = _COMMENT.sub("", change.before), _COMMENT.sub("", change.after)
    for word, name in sorted(others.items()):
        if _has(word, stands) and not _has(word, stood):
            yield f"names {word}, which is {name}'s"
    for word in sorted({*_VISIBLE.findall(stands)} - {*_VISIBLE.findall(stood)}):
        if _VISIBLE.search(stood):
            yield f"names {word} in the place of another variable"
    names_less = any(_has(word, stood) and not _has(word, stands) for word in own)
    if names_less and len(_ON_CPU.findall(stands)) > len(_ON_CPU.findall(stood)):
        yield "is about the CPU where the device stood"


def _words(name: str) -> set[str]:
    sheet = catalog.sheet(name)
    return {sheet.device, sheet.module, sheet.backend} - _EVERYWHERE


def _has(word: str, text: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])", text) is not None
