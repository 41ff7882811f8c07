"""The Python files of a tree as the harness sees them: how each is imported, and what it is for."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from porter.own import repository

# What the probes call the root of a tree whose files import each other as parts of a package, as a checkpoint's do:
# transformers loads them so.
ROOT_PACKAGE = "porter_root"

# Calls that are a script's work, at the outermost level of a file.
_STARTERS = {
    "exec",
    "parse_args",
    "parse_known_args",
    "parse_args_into_dataclasses",
    "main",
    "launch",
    "from_pretrained",
}
_RUNS = (ast.For, ast.While, ast.With, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file. `name` and `path`: what to import, and with which folders of the tree on sys.path."""

    file: str
    name: str
    path: tuple[str, ...]
    script: str  # why importing it would run it; "" for a module
    tree: ast.Module


def read(root: Path) -> list[Source]:
    """The files that parse, in order; those that do not are the static check's business."""
    files = {entry.path for entry in repository(root) if entry.path.endswith(".py") and entry.kind == "python"}
    return [source for file in sorted(files) if (source := _source(root, file, files)) is not None]


def imported(source: Source) -> set[str]:
    """The top-level packages that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _source(root: Path, file: str, files: set[str]) -> Source | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse((root / file).read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return None
    name, path = _importable(PurePosixPath(file), files, tree)
    return Source(file, name, path, _script(PurePosixPath(file), tree), tree)


def _importable(file: PurePosixPath, files: set[str], tree: ast.Module) -> tuple[str, tuple[str, ...]]:
    """A module of a package by its dotted name; a lone file as Python would find it beside a script."""
    top = file.parent
    for _ in range(_highest_level(tree)):
        top = top.parent
    while str(top) != "." and str(top / "__init__.py") in files:
        top = top.parent
    within = file.relative_to(top)
    parts = within.parent.parts if within.name == "__init__.py" else (*within.parent.parts, within.stem)
    folders = dict.fromkeys(["" if str(top) == "." else str(top), ""])
    if str(file.parent) == "." and _highest_level(tree) == 1:
        parts = (ROOT_PACKAGE, *parts)
    return ".".join(parts), tuple(folders)


def _highest_level(tree: ast.Module) -> int:
    """How many folders up the relative imports reach: a folder without __init__.py can be a package all the same."""
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def _script(file: PurePosixPath, tree: ast.Module) -> str:
    if file.name == "setup.py":
        return "it is the setup script"
    if not file.stem.isidentifier() and file.name != "__init__.py":
        return "its name cannot be imported"
    for node in tree.body:
        if isinstance(node, _RUNS) and any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
            return f"it does its work when it is imported (line {node.lineno})"
        called = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
        if isinstance(called, ast.Call) and _spelled(called.func).split(".")[-1] in _STARTERS:
            return f"it does its work when it is imported (line {node.lineno})"
    return ""


def _spelled(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_spelled(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
