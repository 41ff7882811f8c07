"""JSON as scalars with their bytes: a reader that keeps offsets, for text that json.loads has accepted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from porter.artefacts.page import UnreadableError
from porter.artefacts.scalars import Scalar

_TOKEN = re.compile(rb'\s*(?:("(?:[^"\\]|\\.)*")|([{}\[\]:,])|([^\s{}\[\]:,"]+))', re.DOTALL)
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*")|//[^\r\n]*|/\*.*?\*/', re.DOTALL)  # or a string
_TRAILING = re.compile(rb'("(?:[^"\\]|\\.)*")|,(\s*[}\]])', re.DOTALL)


@dataclass
class Node:
    """A value of a JSON text. `start` and `end` enclose it, quotes and brackets included."""

    start: int
    end: int = 0
    sort: str = "other"  # object, array, string, other
    items: list[tuple[Node, Node]] = field(default_factory=list)  # (key, value); an item of an array is its own key

    def get(self, data: bytes, key: str) -> Node | None:
        return next((value for name, value in self.items if self.sort == "object" and text_of(name, data) == key), None)


def text_of(node: Node, data: bytes) -> str:
    return str(json.loads(data[node.start : node.end], strict=False))


def comments(data: bytes) -> Iterator[tuple[int, int]]:
    """Where comments stand, which many readers of configurations take."""
    return (found.span() for found in _COMMENT.finditer(data) if found[1] is None)


def plain(data: bytes) -> bytes:
    """The text as json.loads wants it, every byte in its place; UnreadableError where it is not JSON."""
    try:
        json.loads(data)
    except ValueError as error:
        without = _COMMENT.sub(lambda found: found[1] or re.sub(rb"[^\r\n]", b" ", found[0]), data)
        without = _TRAILING.sub(lambda found: found[1] or b" " + found[2], without)
        with suppress(ValueError):
            json.loads(without)
            return without
        line = getattr(error, "lineno", 1)
        reason = getattr(error, "msg", str(error))
        raise UnreadableError(
            line, f"It is not valid JSON: {reason}.", "Mend the file, or port the lines below by hand."
        ) from error
    return data


def tree(data: bytes) -> Node:
    """The structure of a JSON text."""
    data = plain(data)
    tokens = ((found.start(found.lastindex or 0), found.end(), found) for found in _TOKEN.finditer(data))
    top = Node(0, sort="array")
    stack: list[tuple[Node, Node | None]] = [(top, None)]  # (container, the key that waits for its value)
    for start, end, found in tokens:
        container, key = stack[-1]
        mark = found[2]
        if mark in (b":", b","):
            continue
        if mark in (b"}", b"]"):
            container.end = end
            stack.pop()
            continue
        node = Node(
            start, end, "string" if found[1] else "object" if mark == b"{" else "array" if mark == b"[" else "other"
        )
        if container.sort == "object" and key is None:
            stack[-1] = (container, node)
        else:
            container.items.append((key or node, node))
            stack[-1] = (container, None)
            if mark:
                stack.append((node, None))
    return top.items[0][1] if top.items else top


def scalars(data: bytes) -> Iterator[Scalar]:
    todo: list[tuple[Node, tuple[str, ...]]] = [(tree(data), ())]
    while todo:
        node, path = todo.pop()
        if node.sort == "string":
            yield _scalar(node, data, path)
        for key, value in node.items:
            if node.sort == "object":
                name = _scalar(key, data, path, is_key=True)
                yield name
                todo.append((value, (*path, name.text)))
            else:
                todo.append((value, path))


def _scalar(node: Node, data: bytes, path: tuple[str, ...], *, is_key: bool = False) -> Scalar:
    raw = data[node.start + 1 : node.end - 1]
    return Scalar(path, text_of(node, data), node.start + 1, node.end - 1, is_key, b"\\" not in raw)
