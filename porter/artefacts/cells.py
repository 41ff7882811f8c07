"""The code cells of a notebook as one Python text, with the way back to the bytes of the JSON strings that hold it."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass

from porter.artefacts.in_json import Node

# Between two cells: what is put in behind the last line of a cell must not land before the first line of the next.
SEPARATOR = b"\n\n"
_ESCAPE = re.compile(rb'\\(?:u[0-9a-fA-F]{4}|.)|[^\\"]', re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """One JSON string of a cell's source. `listed`: it stands in a list of lines."""

    start: int  # of its text in the joined text
    text: bytes
    raw: tuple[int, ...]  # of each byte of the text, and of the end: where it stands in the file
    listed: bool
    gap: bytes  # what stands between two strings of the list: a comma, a newline, an indent


class Cells:
    """Text of strings joined in order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._text = bytearray()

    @property
    def text(self) -> bytes:
        return bytes(self._text)

    def add(self, source: Node) -> tuple[int, int]:
        """Take in a cell, given by the node of its source; its span in the joined text comes back."""
        begin = len(self._text)
        strings = (
            [source] if source.sort == "string" else [value for _, value in source.items if value.sort == "string"]
        )
        gap = self._data[strings[0].end : strings[1].start] if len(strings) > 1 else b", "
        for node in strings:
            text, raw = _decoded(self._data, node.start + 1, node.end - 1)
            self._pieces.append(Piece(len(self._text), text, raw, source.sort == "array", gap))
            self._starts.append(len(self._text))
            self._text += text
        end = len(self._text)
        self._text += SEPARATOR
        return begin, end

    def place(self, offset: int) -> int:
        """Where a byte of the joined text stands in the file."""
        piece = self._piece(offset)
        return piece.raw[min(offset - piece.start, len(piece.raw) - 1)]

    def insertion(self, offset: int, new: bytes) -> tuple[int, bytes]:
        """Where a text goes that is put in at an offset, and how it is written in JSON there."""
        piece = self._piece(offset)
        inside = min(offset - piece.start, len(piece.text))
        glue = b'"' + piece.gap + b'"' if piece.listed else b""
        at = piece.raw[inside]
        if inside < len(piece.text) or not new.endswith(b"\n"):
            pieces = [written(line) for line in new.splitlines(keepends=True)]
            return at, glue.join(pieces) + (glue if new.endswith(b"\n") else b"")
        if piece.text.endswith(b"\n"):  # a line of its own behind the last line of a cell
            return at, glue + written(new)
        return at, written(b"\n") + glue + written(new.rstrip(b"\r\n"))

    def _piece(self, offset: int) -> Piece:
        return self._pieces[max(bisect_right(self._starts, offset) - 1, 0)]


def written(text: bytes) -> bytes:
    """Text as it stands between the quotes of a JSON string."""
    return json.dumps(text.decode("utf-8", "surrogatepass"), ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")


def _decoded(data: bytes, start: int, end: int) -> tuple[bytes, tuple[int, ...]]:
    text = bytearray()
    raw: list[int] = []
    at = start
    for found in _ESCAPE.finditer(data, start, end):
        if found.start() < at:
            continue
        piece, at = found[0], found.end()
        if (
            piece.startswith(b"\\u")
            and re.match(rb"\\u[dD][89abAB]", piece)
            and data[at : at + 2] == b"\\u"
            and at + 6 <= end
        ):
            piece, at = piece + data[at : at + 6], at + 6  # two halves of one character
        value = piece if len(piece) == 1 else json.loads(b'"' + piece + b'"').encode("utf-8", "replace")
        text += value
        raw += [found.start()] * len(value)
    return bytes(text), (*raw, end)
