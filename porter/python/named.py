"""The name that a value goes by: of the variable, the parameter, the argument, or what it is compared with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.python.dotted import last_name
from porter.python.module import Module
from porter.python.place import parameter_of_default


def named_otherwise(module: Module, node: ast.expr, pattern: str) -> str:
    """The name that matches a pattern among those which a literal goes by; empty where none does."""
    return next((name for name in _names(module, node) if re.search(pattern, name)), "")


def _names(module: Module, node: ast.AST) -> Iterator[str]:
    below = node
    for above in module.ancestors(node):
        if isinstance(above, ast.keyword):
            yield above.arg or ""
        elif isinstance(above, ast.arg):
            yield above.arg
        elif isinstance(above, ast.arguments):
            yield parameter_of_default(above, below) or ""
        elif isinstance(above, ast.Compare):
            yield from (last_name(side) for side in (above.left, *above.comparators) if side is not below)
        elif isinstance(above, (ast.Assign, ast.AnnAssign)):
            targets = above.targets if isinstance(above, ast.Assign) else [above.target]
            yield from (last_name(target) for target in targets)
        if isinstance(above, (ast.stmt, ast.Call, ast.Lambda, ast.arguments, ast.Dict)):
            return
        below = above
