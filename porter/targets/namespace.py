"""What a module of a package binds, read from its text: definitions, assignments, imports and `__all__`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from porter.targets.package import Package

Sight = Literal["there", "absent", "unseen"]  # unseen: it may be there, but the text does not show it


@dataclass
class _Bound:
    """The names that a module or class binds, with where each leads as far as the text says."""

    names: dict[str, ast.ClassDef | str | None] = field(default_factory=dict)  # a class, a dotted name, or anything
    open: bool = False  # names come from what cannot be read: a base class in C, a star import of another package


class Reader:
    """Asks a package for qualified names, without importing anything."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._module = cache(self._read)

    def sees(self, dotted: str) -> Sight:
        """Whether `torch_npu.npu.graphs.NPUGraph` is there."""
        top, *parts = dotted.split(".")
        return self._within(top, parts, set()) if self._package.is_package(top) else self._follow(dotted, [], set())

    def _within(self, module: str, parts: list[str], seen: set[str]) -> Sight:
        if not parts:
            return "there"
        place = f"{module}:{'.'.join(parts)}"
        if place in seen:
            return "unseen"  # an import that leads back to itself
        seen.add(place)
        bound = self._module(module)
        if parts[0] not in bound.names:
            if self._package.has(f"{module}.{parts[0]}"):
                return self._within(f"{module}.{parts[0]}", parts[1:], seen)
            return "unseen" if bound.open or f"{module}.{parts[0]}" in self._package.compiled else "absent"
        to = bound.names[parts[0]]
        if isinstance(to, ast.ClassDef):
            return _member(to, parts[1:])
        if len(parts) == 1:
            return "there"
        return self._follow(to, parts[1:], seen) if to else "unseen"

    def _follow(self, dotted: str, parts: list[str], seen: set[str]) -> Sight:
        segments = dotted.split(".")
        for length in range(len(segments), 0, -1):
            module = ".".join(segments[:length])
            if self._package.has(module):
                return self._within(module, [*segments[length:], *parts], seen)
        return "absent" if not parts else "unseen"

    def _read(self, dotted: str) -> _Bound:
        bound = _Bound()
        tree = self._package.module(dotted)
        if tree is None:
            bound.open = True
            return bound
        for statement in _statements(tree.body):
            self._bind(statement, dotted, bound)
        for name in _listed(tree):
            bound.names.setdefault(name, None)
        return bound

    def _bind(self, statement: ast.stmt, dotted: str, bound: _Bound) -> None:
        if isinstance(statement, ast.ClassDef):
            bound.names[statement.name] = statement
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            bound.names[statement.name] = None
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                bound.names[alias.asname or alias.name.partition(".")[0]] = alias.asname and alias.name
        elif isinstance(statement, ast.ImportFrom):
            self._bind_from(statement, dotted, bound)
        else:
            for target in _targets(statement):
                bound.names.setdefault(target, None)

    def _bind_from(self, statement: ast.ImportFrom, dotted: str, bound: _Bound) -> None:
        home = self._home(statement, dotted)
        for alias in statement.names:
            if alias.name != "*":
                bound.names[alias.asname or alias.name] = f"{home}.{alias.name}"
            elif self._package.has(home) and home != dotted:
                inner, tree = self._module(home), self._package.module(home)
                listed = _listed(tree) if tree else []
                public = listed or [name for name in inner.names if not name.startswith("_")]
                bound.names |= {name: f"{home}.{name}" for name in public}
                bound.open |= inner.open
            else:
                bound.open = True

    def _home(self, statement: ast.ImportFrom, dotted: str) -> str:
        if not statement.level:
            return statement.module or ""
        parts = dotted.split(".") if self._package.is_package(dotted) else dotted.split(".")[:-1]
        base = parts[: len(parts) - statement.level + 1]
        return ".".join([*base, *([statement.module] if statement.module else [])])


def _member(node: ast.ClassDef, parts: list[str]) -> Sight:
    """A member of a class; what a base class brings is not looked for."""
    if not parts:
        return "there"
    own = {s.name for s in node.body if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    own |= {name for statement in node.body for name in _targets(statement)}
    return "there" if parts[0] in own else "unseen" if node.bases else "absent"


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those inside `if`, `try`, `with` and loops included."""
    for statement in body:
        yield statement
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list) and not isinstance(
                statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
            ):
                yield from _statements(inner)
        for handler in getattr(statement, "handlers", ()):
            yield from _statements(handler.body)


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        return [node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    if isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _listed(tree: ast.Module) -> list[str]:
    """What `__all__` names, as far as it is a list of strings."""
    found: list[str] = []
    for statement in tree.body:
        if "__all__" in _targets(statement):
            values = ast.walk(getattr(statement, "value", None) or ast.Constant(None))
            found += [node.value for node in values if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return found
