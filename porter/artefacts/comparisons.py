"""Values that a shell script compares with a variable or loops over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.artefacts import words
from porter.artefacts.page import Page
from porter.artefacts.values import value
from porter.proposal import Proposal

if TYPE_CHECKING:
    from tree_sitter import Node

_PATTERNS = frozenset({"extglob_pattern", "regex"})
_PART = re.compile(r"[A-Za-z][\w-]*(:\d+)?")


def compared(page: Page, node: Node) -> Iterator[Proposal]:
    """`[ "$DEVICE" = "cuda" ]`; what the other branches compare stands beside it."""
    name = _variable(page, node)
    around = _outermost_if(node)
    beside = {word.text for other in words.nodes(around) if other.type == node.type for word in _plain(page, other)}
    for word in _plain(page, node) if name else ():
        yield from _compared(page, name, word, f"a comparison with {name}", beside)


def case(page: Page, node: Node) -> Iterator[Proposal]:
    """`case $DEVICE in cuda) ...`"""
    subject = node.child_by_field_name("value")
    name = _variable(page, subject) if subject is not None else ""
    items = [child for child in node.named_children if child.type == "case_item"]
    labels = [words.read(label, page.data) for item in items for label in item.children_by_field_name("value")]
    yield from _among(page, name, labels, f"a case of {name}")


def loop(page: Page, node: Node) -> Iterator[Proposal]:
    """`for device in cuda cpu; do ...`"""
    variable = node.child_by_field_name("variable")
    name = words.read(variable, page.data).text if variable is not None else ""
    items = [words.read(child, page.data) for child in node.children_by_field_name("value")]
    yield from _among(page, name, items, f"the variable {name} of a loop")


def _among(page: Page, name: str, items: list[words.Word], what: str) -> Iterator[Proposal]:
    beside = {word.text for word in items}
    for word in items if name else ():
        yield from _compared(page, name, word, what, beside)


def _compared(page: Page, name: str, word: words.Word, what: str, beside: set[str]) -> Iterator[Proposal]:
    """A word, or each word of a pattern: `cuda*`, `^(cuda|mps)`."""
    if word.node.type in _PATTERNS:
        parts = [] if "/" in word.text else [(part[0], part.start()) for part in _PART.finditer(word.text)]
    else:
        parts = [(word.text, 0)]
    for text, at in parts:
        yield from value(page, (name,), text, word.at(at), what, strict=False, beside=beside)


def _variable(page: Page, node: Node) -> str:
    found = (words.read(inner, page.data).text for inner in words.nodes(node) if inner.type == "variable_name")
    return next(found, "")


def _plain(page: Page, node: Node) -> list[words.Word]:
    """The sides of a comparison that hold no variable."""
    sides = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    read = [words.read(side, page.data) for side in sides if side is not None and side.type in words.WORDS | _PATTERNS]
    return [word for word in read if not word.expands]


def _outermost_if(node: Node) -> Node:
    found, at = node, node.parent
    while at is not None:
        if at.type == "if_statement":
            found = at
        at = at.parent
    return found
