"""Where the helper has a function for what torch has as a class: it can be called, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from porter.python.module import Module


def stands_for_class(name: str) -> bool:
    """Whether a function of the helper has the name of a class."""
    return name[:1].isupper()


def only_called(module: Module, uses: Iterable[ast.AST]) -> bool:
    """Whether each use is a call."""
    calls = ((use, module.parents.get(use)) for use in uses)
    return all(isinstance(call, ast.Call) and call.func is use for use, call in calls)


def uses_of(module: Module, alias: ast.alias) -> Iterable[ast.AST]:
    """Where the name that an import binds stands."""
    bound = alias.asname or alias.name
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Name) and node.id == bound)
