"""The text of a Python file as bytes, and the way from a node of the tree to its bytes."""

from __future__ import annotations

import ast
from bisect import bisect_right
from itertools import accumulate


class Source:
    """UTF-8 text with the offsets of its lines. Offsets of `ast` are UTF-8 bytes, so all arithmetic is in bytes."""

    __slots__ = ("_starts", "data", "newline")

    def __init__(self, data: bytes) -> None:
        self.data = data
        lines = data.splitlines(keepends=True)  # of bytes: splits at \n, \r\n and \r alone, as the tokenizer does
        self._starts = list(accumulate(map(len, lines), initial=0))
        first = self.data[: self._starts[1]] if len(self._starts) > 1 else b""
        self.newline = b"\r\n" if first.endswith(b"\r\n") else b"\r" if first.endswith(b"\r") else b"\n"

    @property
    def line_count(self) -> int:
        return len(self._starts) - 1

    def offset(self, line: int, column: int) -> int:
        return self._starts[min(line - 1, len(self._starts) - 1)] + column

    def start(self, node: ast.AST) -> int:
        return self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> bytes:
        return self.data[self.start(node) : self.end(node)]

    def line_of(self, offset: int) -> int:
        """The 1-based line in which an offset lies."""
        return min(bisect_right(self._starts, offset), max(self.line_count, 1))

    def column_of(self, offset: int) -> int:
        """The 1-based column of an offset, counted in characters."""
        return len(self.data[self._starts[self.line_of(offset) - 1] : offset].decode("utf-8", "replace")) + 1

    def line_start(self, line: int) -> int:
        return self._starts[min(line - 1, len(self._starts) - 1)]

    def line_end(self, line: int) -> int:
        """The offset behind a line, its newline included."""
        return self._starts[min(line, len(self._starts) - 1)]

    def line_text(self, line: int) -> bytes:
        return self.data[self.line_start(line) : self.line_end(line)]
