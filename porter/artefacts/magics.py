"""Magics of notebooks: lines that are no Python, masked so that the rest parses and every byte keeps its place."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_LINE = re.compile(
    rb"(?m)^(?P<indent>[ \t]*)(?:(?P<name>[\w.,\[\] ]+=[ \t]*)?(?P<mark>[!%])|\?{1,2}\w|[\w.]+\?{1,2}[ \t]*$)[^\r\n]*"
)
_TIMED = re.compile(rb"(?m)^([ \t]*)(%(?:time|timeit|prun|memit)[ \t]+)(?=[^-\s])")
_CELL = re.compile(rb"(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*[ \t]*%%(?P<name>\w+)(?P<rest>[^\r\n]*)")
_PYTHON_CELLS = frozenset({b"time", b"timeit", b"capture", b"prun", b"memit", b"python", b"python3", b"py"})
_WRITERS = frozenset({b"writefile", b"file"})
_SHELL_CELLS = frozenset({b"bash", b"sh", b"shell"})


@dataclass
class Masked:
    """A cell as Python, and the spans of it that are shell text."""

    text: bytes
    shell: list[tuple[int, int]] = field(default_factory=list)
    foreign: bool = False  # a cell of another language
    module: tuple[int, int] | None = None  # the span of a Python file that the cell writes
    parses: bool = True


def masked(cell: bytes) -> Masked:
    head = _CELL.match(cell)
    if head and head["name"] not in _PYTHON_CELLS:
        return _of_its_own(cell, head)
    if _parses(cell):
        return Masked(cell)
    result = Masked(cell)
    if head:
        result.text = _blank(cell[: head.end()]) + cell[head.end() :]
    result.text = _timed(result.text)
    if not _parses(result.text):
        _lines(result)
    result.parses = _parses(result.text)
    if not result.parses:
        result.text = _blank(cell)
    return result


def _of_its_own(cell: bytes, head: re.Match[bytes]) -> Masked:
    """A cell that is a script or a file: none of it is code of the notebook."""
    body = cell.find(b"\n", head.end()) + 1 or len(cell), len(cell)
    words = head["rest"].decode("utf-8", "replace").split()
    suffix = PurePosixPath(words[-1]).suffix if words and head["name"] in _WRITERS else ""
    if suffix == ".py":
        return Masked(_blank(cell), module=body)
    is_shell = head["name"] in _SHELL_CELLS or suffix in {".sh", ".bash"}
    is_shell = is_shell or (head["name"] == b"script" and re.search(rb"\b(ba)?sh\b", head["rest"]) is not None)
    return Masked(_blank(cell), [body] if is_shell else [], foreign=not is_shell)


def _timed(text: bytes) -> bytes:
    """`%time f(x)` is timed Python: `0;` in front keeps it on its line."""
    return _TIMED.sub(lambda found: found[1] + b"0;".ljust(len(found[2])), text)


def _lines(result: Masked) -> None:
    text = bytearray(result.text)
    at = 0
    while found := _LINE.search(result.text, at):
        start = found.start("mark") if found["mark"] else found.end("indent")
        end = found.end()
        while result.text[start:end].endswith(b"\\"):  # a magic goes on behind a backslash
            following = re.compile(rb"\r?\n[^\r\n]*").match(result.text, end)
            if following is None:
                break
            end = following.end()
        rest = result.text[start:end]
        if rest.startswith(b"!"):
            result.shell.append((start + len(rest) - len(rest.lstrip(b"!")), end))
        elif re.match(rb"%(pip|conda|mamba|uv|env|set_env)\b", rest):
            result.shell.append((start + 1, end))
        elif re.match(rb"%(sx|system)\b", rest):
            result.shell.append((start + rest.index(b" "), end) if b" " in rest else (end, end))
        text[start:end] = b"0" + _blank(rest)[1:] if len(rest) else b""
        at = max(end, found.start() + 1)
    result.text = bytes(text)


def _blank(text: bytes) -> bytes:
    """A comment of the same length, line by line."""
    return re.sub(rb"[^\r\n]+", lambda found: b"#" * len(found[0]), text)


def _parses(text: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
