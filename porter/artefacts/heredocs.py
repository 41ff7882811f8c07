"""Here-documents of a shell script: who gets the text, and whether the shell puts anything into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from porter.artefacts import words

if TYPE_CHECKING:
    from tree_sitter import Node

_PYTHON = re.compile(r"(^|[\s/;&|(])python[\d.]*(\s+-[A-Za-z]+)*(\s+-(\s.*)?)?\s*$", re.DOTALL)
_SHELL = re.compile(r"(^|[\s/;&|(])(bash|sh|zsh|ssh|srun)\b(?!.*\.(ba)?sh\b)", re.DOTALL)
_SCRIPT = re.compile(r">\s*[\"']?[^\s\"']+\.py[\"']?(\s|$)")


@dataclass(frozen=True)
class Heredoc:
    """A here-document's body and the words around it."""

    node: Node
    body: Node
    before: str  # the command in front of `<<`
    piped: str  # the command behind `|`
    line: str  # all of the line in which it opens

    @staticmethod
    def read(node: Node, data: bytes) -> Heredoc | None:
        body = next((child for child in node.named_children if child.type == "heredoc_body"), None)
        if body is None or node.parent is None:
            return None

        def text(start: int, end: int) -> str:
            return data[start:end].decode("utf-8", "replace")

        pipeline = next((child for child in node.named_children if child.type == "pipeline"), None)
        piped = text(pipeline.start_byte, pipeline.end_byte).lstrip("| ") if pipeline is not None else ""
        before = text(node.parent.start_byte, node.start_byte)
        return Heredoc(node, body, before, piped, before + text(node.start_byte, body.start_byte))

    def span(self, data: bytes) -> tuple[int, int]:
        """Where the text stands, with the tabs in front of its first line."""
        return data.rfind(b"\n", 0, self.body.start_byte) + 1, int(self.body.end_byte)

    @property
    def is_python(self) -> bool:
        """Code that Python gets on its standard input, or that ends up in a file of Python's."""
        command = re.split(r"[|;&]", self.piped)[0]
        return any(_PYTHON.search(text) for text in (self.before, command)) or _SCRIPT.search(self.line) is not None

    @property
    def is_shell(self) -> bool:
        return any(_SHELL.search(text) for text in (self.before, self.piped))

    def masked(self, data: bytes) -> tuple[bytes, str]:
        """The text with a word in place of each expansion, every byte in its place, and why its bytes are not plain."""
        start = next((child for child in self.node.children if child.type == "heredoc_start"), None)
        quoted = start is not None and data[start.start_byte : start.start_byte + 1] in (b"'", b'"', b"\\")
        body = data[self.body.start_byte : self.body.end_byte]
        if quoted or not re.search(rb"[$`\\]", body):
            return data, ""
        return masked(data, self.body), "the shell changes the text before Python sees it"


def masked(data: bytes, root: Node) -> bytes:
    """The data with digits in place of the expansions below a node."""
    text = bytearray(data)
    for node in words.nodes(root):
        if node.type in words.EXPANSIONS:
            text[node.start_byte : node.end_byte] = b"0" * (node.end_byte - node.start_byte)
    return bytes(text)


def unescaped(data: bytes, start: int, end: int) -> bytes:
    """The data with the escapes of a double-quoted word undone; a blank keeps every byte in its place."""
    text = bytearray(data)
    opens = True
    for found in re.finditer(rb'\\(["\\$`])', data[start:end]):
        at = start + found.start()
        if found[1] != b'"':
            continue
        text[at : at + 2] = b' "' if opens else b'" '
        opens = not opens
    return bytes(text)


def control_signs(data: bytes, start: int, end: int) -> bytes:
    """The data with the signs of `$'...'` undone that end a line or a word; every byte keeps its place."""
    text = bytearray(data)
    for found in re.finditer(rb"\\(n|t|r|'|\")", data[start:end]):
        at = start + found.start()
        text[at : at + 2] = {b"n": b" \n", b"'": b" '", b'"': b' "'}.get(found[1], b"  ")
    return bytes(text)
