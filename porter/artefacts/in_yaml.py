"""YAML as scalars with their bytes: PyYAML's marks, which count characters, brought to bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from porter.artefacts.page import UnreadableError
from porter.artefacts.scalars import Scalar

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def scalars(data: bytes) -> Iterator[Scalar]:
    text = data.decode("utf-8")
    at = _Bytes(text)
    try:
        documents = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "it does not parse"
        line = mark.line + 1 if mark else 1
        raise UnreadableError(
            line, f"It is not valid YAML: {reason}.", "Mend the file, or port the lines below by hand."
        ) from error
    seen: set[int] = set()  # an alias is the node of its anchor
    todo: list[tuple[yaml.Node, tuple[str, ...], bool]] = [(node, (), False) for node in documents if node is not None]
    while todo:
        node, path, is_key = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield _scalar(node, text, at, path, is_key)
        elif isinstance(node, yaml.SequenceNode):
            todo += [(child, path, False) for child in node.value]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else "?"
                todo += [(key, path, True), (value, (*path, name), False)]


def _scalar(node: yaml.ScalarNode, text: str, at: _Bytes, path: tuple[str, ...], is_key: bool) -> Scalar:
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in {"'", '"'}:
        start, end = start + 1, end - 1
    raw = text[start:end]
    return Scalar(path, node.value, at(start), at(end), is_key, raw == node.value)


class _Bytes:
    """From the index of a character to the offset of its first byte."""

    def __init__(self, text: str) -> None:
        self._ascii = text.isascii()
        self._starts = [0]
        if not self._ascii:
            for character in text:
                self._starts.append(self._starts[-1] + len(character.encode()))

    def __call__(self, index: int) -> int:
        return index if self._ascii else self._starts[index]
