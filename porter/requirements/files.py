"""The requirements of a file, and of the files in which a root says what it needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from porter.checkout.text import decode
from porter.errors import UndecodableError
from porter.python.source import Source
from porter.requirements import calls, lists, tables
from porter.requirements.requirement import Requirement, Role, apart, of_conda, spoken

_KINDS = {".toml": "toml", ".cfg": "ini", ".ini": "ini", ".yml": "yaml", ".yaml": "yaml"}
_MANIFESTS = ("pyproject.toml", "environment.yml", "environment.yaml", "setup.cfg", "setup.py", ".python-version")


def of_root(root: Path, wanted: Sequence[str] = ("requirements.txt",)) -> Iterator[tuple[str, Requirement]]:
    """What the files of a root ask for, with the path of each: the lists that are `wanted`, then the manifests."""
    paths = sorted({path for glob in wanted for path in root.glob(glob)})
    for path in (*paths, *(root / name for name in _MANIFESTS)):
        yield from _of(root, path, set())


def _of(root: Path, path: Path, seen: set[Path]) -> Iterator[tuple[str, Requirement]]:
    """What a file asks for, and what the lists that it includes do, as long as they lie within the root."""
    inside = path.resolve().is_relative_to(root.resolve())
    if path in seen or not inside or not path.is_file() or path.is_symlink():
        return
    seen.add(path)
    shown = path.relative_to(root).as_posix()
    for found in read(shown, _bytes(path)):
        if isinstance(found, Requirement):
            yield shown, found
        else:
            other = (path.parent / found).resolve()
            if other.is_relative_to(root.resolve()):
                yield from _of(root, root / other.relative_to(root.resolve()), seen)


def read(path: str, data: bytes) -> Iterator[Requirement | str]:
    """The requirements of a file's text, and the names of the lists that it includes. Broken files have none."""
    name = PurePosixPath(path)
    if name.name == ".python-version":
        told = re.match(rb"\s*(3\.\d+)", data)
        return iter([apart("python", f"=={told[1].decode()}.*", 1, Role.PYTHON)] if told else [])
    if name.suffix == ".py":
        return _of_python(data)
    return _of_table(_KINDS[name.suffix], data) if name.suffix in _KINDS else _of_list(data)


def _of_list(data: bytes) -> Iterator[Requirement | str]:
    source = Source(data)
    for line in lists.lines(data):
        if line.sort is lists.Sort.INCLUDE:
            yield line.text
        elif line.sort is not lists.Sort.OPTION:
            found = spoken(line.text, source.line_of(line.start))
            yield Requirement(f"-e {found.text}", found.line, found.role) if line.editable else found


def _of_table(kind: str, data: bytes) -> Iterator[Requirement]:
    from porter.artefacts.configs import scalars  # the readers of a port's edits, loaded where there is such a file
    from porter.artefacts.page import UnreadableError

    try:
        found = sorted(scalars(kind, data), key=lambda scalar: scalar.start)
    except (UnreadableError, RecursionError):
        return  # the plan says so
    source, held = Source(data), list(tables.cells(found))
    if kind == "yaml":  # conda has lists alone, one of them under the key pip
        held = [cell for cell in held if cell.sort is tables.Sort.REQUIREMENT]
    versions = {cell.key for cell in held if cell.sort is tables.Sort.VERSION}
    for cell in held:
        line, text = source.line_of(cell.scalar.start), cell.scalar.text
        if cell.sort is tables.Sort.VERSION:
            yield apart(cell.name, text, line, cell.role)
        elif cell.sort is tables.Sort.PACKAGE:
            if cell.key not in versions:  # from a folder or a repository
                versions.add(cell.key)
                yield apart(cell.name, "", line, cell.role)
        elif kind == "yaml" and cell.key[-1:] != ("pip",):
            conda = of_conda(text, line, cell.role)
            if conda is not None:
                yield conda
        elif not text.startswith("-"):
            yield spoken(text, line, cell.role)


def _of_python(data: bytes) -> Iterator[Requirement]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the plan says so
    told = dict(calls.declared(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            role = told.get(node, Role.OTHER)
            python = role is Role.PYTHON
            yield apart("python", node.value, node.lineno, role) if python else spoken(node.value, node.lineno, role)


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError:
        return b""
    try:
        return decode(raw, path.name).data
    except UndecodableError:
        return raw.decode("utf-8", "replace").encode()
