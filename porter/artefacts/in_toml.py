"""TOML as scalars with their bytes: a tokenizer that keeps offsets, for text that tomlkit has accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.artefacts.page import UnreadableError
from porter.artefacts.scalars import Scalar

_TOKEN = re.compile(
    rb"""(?P<comment>\#[^\r\n]*)|(?P<newline>\r?\n)|(?P<space>[ \t]+)
    |(?P<string>\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*')
    |(?P<mark>[\[\]{}=,.])|(?P<bare>[^\s\[\]{}=,."'\#]+)""",
    re.DOTALL | re.VERBOSE,
)


def comments(data: bytes) -> Iterator[tuple[int, int]]:
    return (found.span() for found in _TOKEN.finditer(data) if found.lastgroup == "comment")


def scalars(data: bytes) -> Iterator[Scalar]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        tomlkit.parse(data.decode("utf-8"))
    except TOMLKitError as error:
        line = getattr(error, "line", 1)
        raise UnreadableError(
            line, f"It is not valid TOML: {error}.", "Mend the file, or port the lines below by hand."
        ) from error
    return _Reader(data).run()


class _Reader:
    """Where in a document the tokenizer is: the table, the keys so far, and the brackets that are open."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._table: tuple[str, ...] = ()
        self._keys: list[tuple[str, ...]] = [()]  # the key at each depth of inline tables
        self._open: list[bytes] = []
        self._key: list[Scalar] = []
        self._in_value = False
        self._header = 0

    def run(self) -> Iterator[Scalar]:
        for found in _TOKEN.finditer(self._data):
            if found.lastgroup in {"string", "bare"}:
                yield from self._word(found)
            elif found.lastgroup == "newline" and not self._open:
                self._in_value, self._key, self._keys = False, [], [()]
                self._header = 0
            elif found.lastgroup == "mark":
                self._mark(found[0])

    def _word(self, found: re.Match[bytes]) -> Iterator[Scalar]:
        quotes = 0 if found.lastgroup == "bare" else 3 if found[0][:3] in (b'"""', b"'''") else 1
        start, end = found.start() + quotes, found.end() - quotes
        raw = self._data[start:end]
        text = raw.decode("utf-8", "replace")
        exact = b"\\" not in raw or found[0].startswith(b"'")
        if self._in_value:
            path = (*self._table, *(name for key in self._keys for name in key))
            if quotes:
                yield Scalar(path, text, start, end, exact=exact)
        else:
            scalar = Scalar(self._table, text, start, end, is_key=True, exact=exact)
            self._key.append(scalar)
            if not self._header:
                path = (*self._table, *(name for key in self._keys for name in key), *(k.text for k in self._key[:-1]))
                yield Scalar(path, text, start, end, is_key=True, exact=exact)

    def _mark(self, mark: bytes) -> None:
        if not self._in_value and mark == b"[" and not self._open:
            self._header += 1
        elif self._header and mark == b"]":
            self._table, self._key = tuple(key.text for key in self._key), []
            self._header -= 1
            if self._header:  # the second bracket of [[array]]
                self._header, self._key = 0, []
        elif mark == b"=" and not self._in_value:
            self._keys[-1] = tuple(key.text for key in self._key)
            self._key, self._in_value = [], True
        elif mark in (b"[", b"{"):
            self._open.append(mark)
            if mark == b"{":
                self._keys.append(())
                self._in_value = False
        elif mark in (b"]", b"}") and self._open:
            self._open.pop()
            if mark == b"}":
                self._keys.pop()
            self._in_value = True
        elif mark == b"," and self._open and self._open[-1] == b"{":
            self._keys[-1], self._key, self._in_value = (), [], False
