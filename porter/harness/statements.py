"""Which lines have to run for a statement to have run: of a function's head, those of its body's first statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Lines = tuple[int, int]  # the first and the last

_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


def statement(tree: ast.Module, line: int) -> Lines | None:
    """The lines that belong to the statement on this line; None for a comment, a docstring and an empty line."""
    found = _innermost(tree, line)
    if found is None or _is_text(found) or line > _head_end(found):
        return None
    if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)):
        body = next((inner for inner in found.body if not _is_text(inner)), found.body[-1])
        return body.lineno, _head_end(body)
    return found.lineno, _head_end(found)


def _innermost(tree: ast.Module, line: int) -> ast.stmt | None:
    found: ast.stmt | None = None
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        if _first(node) <= line <= (node.end_lineno or node.lineno):
            found, todo = node, list(_inside(node))
    return found


def _inside(node: ast.AST) -> Iterator[ast.stmt]:
    for name in _BODIES:
        for inner in getattr(node, name, ()):
            if isinstance(inner, ast.stmt):
                yield inner
            else:  # an except clause, a case
                yield from _inside(inner)


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _head_end(node: ast.stmt) -> int:
    """The last line before what the statement holds."""
    inner = [_first(each) for each in _inside(node)]
    end: int = node.end_lineno or node.lineno
    return max(node.lineno, min([*inner, end + 1]) - 1)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
