"""What a checkout requires, by distribution, as its files say it: requirements, pyproject.toml, setup.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


def required(root: Path, installed: Sequence[str] = ()) -> dict[str, str]:
    """The specifiers of each distribution, and those of an `installed` one; of two lines about one both hold."""
    found: dict[str, list[str]] = {}
    for line in (*installed, *_lines(root)):
        with suppress(InvalidRequirement):
            wanted = Requirement(re.sub(r"\s+(#|--).*", "", line).strip())
            found.setdefault(canonicalize_name(wanted.name), []).append(str(wanted.specifier))
    return {name: ",".join(filter(None, parts)) for name, parts in found.items()}


def _lines(root: Path) -> Iterator[str]:
    for path in sorted((*root.glob("requirement*.txt"), *root.glob("requirements/*.txt"))):
        yield from _read(path).splitlines()
    yield from _of_project(_read(root / "pyproject.toml"))
    yield from _of_setup(_read(root / "setup.py"))


def _of_project(text: str) -> Iterator[str]:
    """The dependencies of a project, not those of its extras; Poetry's with its signs for "at least"."""
    if "dependencies" not in text:
        return
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        told = tomlkit.parse(text).unwrap()
    except TOMLKitError:
        return  # the plan says so
    with suppress(AttributeError, TypeError):
        yield from (line for line in told.get("project", {}).get("dependencies", []) if isinstance(line, str))
        for name, wanted in told.get("tool", {}).get("poetry", {}).get("dependencies", {}).items():
            spec = wanted.get("version", "") if isinstance(wanted, dict) else wanted
            if isinstance(spec, str) and name != "python":
                yield f"{name}{re.sub(r'^[~^]', '>=', spec) if spec[:1] in '~^<>=!' else f'=={spec}'}"


def _of_setup(text: str) -> Iterator[str]:
    """The texts in `install_requires=[…]`."""
    if "install_requires" not in text:
        return
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.keyword) and node.arg == "install_requires":
                texts = (each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant))
                yield from (each for each in texts if isinstance(each, str))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() and not path.is_symlink() else ""
    except OSError:
        return ""
