"""Requirements in Python: the strings of install_requires and its like in setup.py, which is never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from porter.python.dotted import last_name
from porter.requirements.requirement import Role

# Keywords of setup(), and the variables of that name, under which requirements stand.
_ROLES = {
    "install_requires": Role.NEEDED,
    "extras_require": Role.EXTRA,
    "setup_requires": Role.EXTRA,
    "tests_require": Role.EXTRA,
    "python_requires": Role.PYTHON,
}


def declared(tree: ast.Module) -> Iterator[tuple[ast.Constant, Role]]:
    """The strings that are requirements. What a call or an index makes of one nobody knows: it is of another role."""
    values = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    seen: set[ast.AST] = set()
    for node in ast.walk(tree):
        for name, value in _given(node):
            value = values.get(value.id, value) if isinstance(value, ast.Name) else value
            for text, role in _strings(value, _ROLES[name]):
                if text not in seen:
                    seen.add(text)
                    yield text, role


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.keyword) and node.arg in _ROLES:
        yield node.arg, node.value
    elif isinstance(node, ast.Assign):
        yield from ((last_name(target), node.value) for target in node.targets if last_name(target) in _ROLES)


def _strings(node: ast.expr, role: Role) -> Iterator[tuple[ast.Constant, Role]]:
    """The strings of an expression; the keys of a dictionary are names of extras."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node, role
        return
    keys = node.keys if isinstance(node, ast.Dict) else []
    plain = isinstance(node, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.BinOp, ast.IfExp, ast.Starred))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and child not in keys:
            yield from _strings(child, role if plain else Role.OTHER)
        elif isinstance(child, (ast.keyword, ast.comprehension)):
            inner = child.value if isinstance(child, ast.keyword) else child.iter
            yield from _strings(inner, Role.OTHER)
