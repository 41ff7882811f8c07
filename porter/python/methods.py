"""Methods that the repo defines itself under a name that rules look for, such as a class with its own `cuda()`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from porter.kinds.call import Rule, pattern
from porter.packs.pack import Pack


def own_methods(root: Path, paths: list[str], pack: Pack) -> dict[str, frozenset[str]]:
    """For each attribute that a rule looks for on any receiver: the classes of the repo that define it."""
    wanted = {p.key for rule in pack.of(Rule) for p in [pattern(rule.match)] if p.receiver is not None}
    if not wanted:
        return {}
    defined = re.compile(
        rb"^[ \t]+(?:async[ \t]+)?def[ \t]+(?:"
        + b"|".join(re.escape(w.encode()) for w in sorted(wanted))
        + rb")[ \t]*\(",
        re.M,
    )
    needles = [f"def {name}".encode() for name in sorted(wanted)]
    found: dict[str, set[str]] = {}
    for path in paths:
        try:
            data = (root / path).read_bytes()
        except OSError:
            continue  # the plan says so when it comes to this file
        if any(needle in data for needle in needles) and defined.search(data):
            try:
                tree = ast.parse(data)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # likewise
            for name, method in definitions(tree, wanted):
                found.setdefault(method, set()).add(name)
    return {method: frozenset(classes) for method, classes in found.items()}


def definitions(tree: ast.Module, wanted: set[str]) -> list[tuple[str, str]]:
    """The classes of a file that define a method of a wanted name, with that name."""
    return [
        (node.name, inner.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for inner in node.body
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner.name in wanted
    ]
