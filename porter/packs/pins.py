"""The requirements that a checkout declares, each with its version, so that a later look can tell which ones moved."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from porter.checkout.walk import Entry
from porter.model import Pin

_LINE = re.compile(r"\r\n|\r|\n")
_TABLE = re.compile(r"\s*\[")


def declared(root: Path, entries: Iterable[Entry]) -> tuple[Pin, ...]:
    """Every requirement with its place, by name."""
    found: list[Pin] = []
    for entry in entries:
        name = entry.path.rpartition("/")[2]
        listed = entry.kind == "requirements" or name in {"setup.py", "setup.cfg", "pyproject.toml"}
        if listed and entry.scan:
            found += _of(root / entry.path, entry.path, entry.kind == "requirements")
    return tuple(sorted(set(found), key=lambda pin: (pin.name, pin.where, pin.wanted)))


def _of(path: Path, shown: str, is_list: bool) -> Iterator[Pin]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # the plan says that the file cannot be read
    lines = _python(text) if shown.endswith(".py") else _texts(text, is_list)
    for number, written in lines:
        pin = _pin(written, f"{shown}:{number}")
        if pin is not None:
            yield pin


def _texts(text: str, is_list: bool) -> Iterator[tuple[int, str]]:
    """The lines of a list of requirements; of a configuration what stands between quotes, or alone on a line."""
    for number, line in enumerate(_LINE.split(text), start=1):
        if is_list:
            yield number, line
        elif not _TABLE.match(line) or "=" in line or '"' in line:
            quoted = [found for pair in re.findall(r'"([^"\n]*)"|\'([^\'\n]*)\'', line) for found in pair if found]
            yield from ((number, part) for part in quoted)
            table = re.match(r"\s*([\w.-]+)\s*=\s*[\"'](\d[\w.]*|[\^~=<>!][^\"']*)[\"']", line)  # of poetry
            if table and table[1] not in {"version", "requires-python", "python", "target-version", "python_version"}:
                yield number, f"{table[1]}{table[2] if table[2][0] in '=<>!' else '==' + table[2].lstrip('^~')}"
            if not quoted:
                yield number, line.strip()


def _python(text: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _pin(written: str, where: str) -> Pin | None:
    """A requirement that says which version; without one there is nothing that could move."""
    from packaging.requirements import InvalidRequirement, Requirement

    written = re.sub(r"(^|\s)#.*", "", written).strip()
    if not re.search(r"[=<>~!]=|[<>]| @ ", written) or len(written) > 200:
        return None
    try:
        requirement = Requirement(re.sub(r"\s--hash.*|\s*\\$", "", written))
    except InvalidRequirement:
        return None
    wanted = f"@ {requirement.url}" if requirement.url else str(requirement.specifier)
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return Pin(requirement.name.lower().replace("_", "-"), wanted + marker, where)
