"""Finds functions that build a model from the options of a program, as build_model(args), and what the options are."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from typing import Any

from porter.harness.sources import Source

_CALLED = re.compile(r"(build|create|make|get|init|load)(_?(the_)?(model|net|network))?")
_ARGUMENTS = ("args", "arguments", "opt", "opts", "options", "cfg", "config", "hparams", "hps")


class Builders:
    """The building functions of a repository, each with the function and the models that it leads to."""

    def __init__(self, sources: list[Source], models: Collection[str]) -> None:
        self._models = models
        self._sources = sources
        self._functions: dict[str, list[ast.FunctionDef]] = {}
        for source in sources:
            for node in source.tree.body:
                if isinstance(node, ast.FunctionDef):
                    self._functions.setdefault(node.name, []).append(node)

    def outermost(self) -> Iterator[tuple[Source, ast.FunctionDef, frozenset[str]]]:
        """Those that no other one calls, and the models that each makes."""
        every = [(source, node) for source in self._sources for node in source.tree.body]
        found = [(source, node) for source, node in every if isinstance(node, ast.FunctionDef) and self._builds(node)]
        called = {name for _, node in found for name in _calls(node) if name != node.name}
        for source, node in found:
            if not source.script and node.name not in called:
                yield source, node, frozenset(self.reached(node) & set(self._models))

    def reached(self, node: ast.FunctionDef) -> set[str]:
        """All names that are called, in the function and in those of the repository that it calls."""
        names, wait = set[str](), [node]
        while wait:
            for name in _calls(wait.pop()) - names:
                names.add(name)
                wait += self._functions.get(name, [])
        return names

    def settings(self, node: ast.FunctionDef) -> dict[str, Any]:
        """What the functions on the way read of the arguments: as the repository's programs have it by default."""
        read = set[str]()
        for name in {node.name, *self.reached(node)}:
            for function in self._functions.get(name, []):
                read |= _read(function)
        known = self._defaults()
        return {name: known.get(name) for name in sorted(read)}

    def _builds(self, node: ast.FunctionDef) -> bool:
        if not _CALLED.fullmatch(node.name):
            return False
        given = node.args.args
        needed = len(given) - len(node.args.defaults)
        takes_options = needed == 1 and given[0].arg in _ARGUMENTS
        return takes_options and bool(self.reached(node) & set(self._models))

    def _defaults(self) -> dict[str, Any]:
        """The options of the repository's programs; of two with one name the first is meant."""
        found: dict[str, Any] = {}
        for source in self._sources:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and _last(node.func) == "add_argument":
                    for name, value in _option(node):
                        found.setdefault(name, value)
        return found


def _option(node: ast.Call) -> Iterator[tuple[str, Any]]:
    said = {word.arg: word.value for word in node.keywords}
    names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    long = [name.lstrip("-").replace("-", "_") for name in names if name.startswith("--")]
    name = _constant(said.get("dest")) or next(iter(long), "")
    if name:
        action = _constant(said.get("action"))
        stored = {"store_true": False, "store_false": True}.get(str(action))
        yield str(name), _constant(said.get("default")) if stored is None else stored


def _constant(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None


def _read(function: ast.FunctionDef) -> set[str]:
    """The attributes that a function reads of its arguments."""
    own = {a.arg for a in function.args.args if a.arg in _ARGUMENTS}
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in own
    }


def _calls(function: ast.stmt) -> set[str]:
    return {_last(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)} - {""}


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
