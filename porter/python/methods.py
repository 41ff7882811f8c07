"""Methods that the repo defines itself under a name that rules look for, such as a class with its own `cuda()`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from porter.kinds.call import Rule, pattern
from porter.packs.pack import Pack


def own_methods(texts: Iterable[bytes], pack: Pack) -> dict[str, frozenset[str]]:
    """For each attribute that a rule looks for on any receiver: the classes that define it in these Python files."""
    wanted = {p.key for rule in pack.of(Rule) for p in [pattern(rule.match)] if p.receiver is not None}
    names = b"|".join(re.escape(name.encode()) for name in sorted(wanted))
    defined = re.compile(rb"^[ \t]+(?:async[ \t]+)?def[ \t]+(?:" + names + rb")[ \t]*\(", re.MULTILINE)
    found: dict[str, set[str]] = {}
    needles = [b"def " + name.encode() for name in sorted(wanted)]
    for text in texts if wanted else ():
        if any(needle in text for needle in needles) and defined.search(text):
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # the plan says so when it comes to this file
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
