"""Words of a shell command as text: quotes taken off, a 0 for each expansion, the offset of every character."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

EXPANSIONS = frozenset(
    {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution"}
)
QUOTED = {"string": 1, "raw_string": 1, "ansi_c_string": 2}  # with how much stands in front of the text
WORDS = frozenset({"word", "concatenation", "number", *QUOTED}) | EXPANSIONS


@dataclass(frozen=True)
class Word:
    """A word without its quotes; an expansion counts as the digit 0, since only an index is a part of a value."""

    node: Node
    text: str
    offsets: tuple[int, ...]  # of each character, and of the end

    @property
    def start(self) -> int:
        return int(self.node.start_byte)

    @property
    def end(self) -> int:
        return int(self.node.end_byte)

    def at(self, index: int) -> int:
        return self.offsets[min(index, len(self.offsets) - 1)]

    @property
    def expands(self) -> bool:
        """Whether the shell puts something into the word."""
        return any(node.type in EXPANSIONS for node in nodes(self.node))


def nodes(root: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(node.children)


def read(node: Node, data: bytes) -> Word:
    text: list[str] = []
    offsets: list[int] = []
    _collect(node, data, text, offsets)
    return Word(node, "".join(text), (*offsets, int(node.end_byte)))


def _collect(node: Node, data: bytes, text: list[str], offsets: list[int]) -> None:
    if node.type in EXPANSIONS:
        text.append("0")
        offsets.append(node.start_byte)
    elif node.type in {"concatenation", "command_name"}:
        for child in node.children:
            _collect(child, data, text, offsets)
    elif node.type in {"string", "translated_string"}:
        at = node.start_byte + (1 if node.type == "string" else 2)
        for child in node.children:
            if child.type in EXPANSIONS:
                _plain(data, at, child.start_byte, text, offsets)
                _collect(child, data, text, offsets)
                at = child.end_byte
        _plain(data, at, node.end_byte - 1, text, offsets)
    elif node.type in QUOTED:
        _plain(data, node.start_byte + QUOTED[node.type], node.end_byte - 1, text, offsets)
    else:
        _plain(data, node.start_byte, node.end_byte, text, offsets)


def _plain(data: bytes, start: int, end: int, text: list[str], offsets: list[int]) -> None:
    for character in data[start:end].decode("utf-8", "replace") if start < end else "":
        text.append(character)
        offsets.append(start)
        start += len(character.encode())
