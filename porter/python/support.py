"""Code that already knows the target: an `elif device == "npu"` beside the site, or "npu" among the same choices."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.packs.packages import Packages
from porter.python.module import Module

if TYPE_CHECKING:
    from porter.python.scene import Scene


def already_supported(module: Module, node: ast.expr, value: str) -> str:
    """Why a literal must not become `value`: the code beside it handles that value itself. Empty when it does not."""
    for parent in module.ancestors(node):
        if isinstance(parent, (ast.List, ast.Tuple, ast.Set)):
            if any(isinstance(e, ast.Constant) and e.value == value for e in parent.elts):
                return f"{value!r} is already among these values: upstream supports the target."
        elif isinstance(parent, ast.Compare):
            return _rival_branch(module, parent, value)
        elif isinstance(parent, (ast.stmt, ast.Call, ast.Dict, ast.Lambda)):
            break
    return ""


def cuda_branch(scene: Scene, offset: int) -> str:
    """Why a place must stay for CUDA: it stands in a branch for CUDA beside which there is one for the target."""
    module, device = scene.module, scene.pack.variables.get("device", scene.target.name)
    if not mentions(module, device):
        return ""
    line = module.source.line_of(offset)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.If) and node.body[0].lineno <= line <= (node.body[-1].end_lineno or line):
            top = _top(module, node)
            if _compares_with(node.test, "cuda") and any(
                _compares_with(t, device) for t in _tests(top) if t is not node.test
            ):
                return f"It stands in a branch for CUDA, beside which the same chain has one for {device!r}."
    return ""


def _top(module: Module, node: ast.If) -> ast.If:
    """The first `if` of the chain that a branch belongs to."""
    top = node
    for above in module.ancestors(node):
        if not (isinstance(above, ast.If) and above.orelse == [top]):
            break
        top = above
    return top


def mentions(module: Module, value: str) -> bool:
    """Whether the file has a string that is exactly `value`, as code that handles it does."""
    data = module.source.data
    return any(quote + value.encode() + quote in data for quote in (b'"', b"'"))


def cuda_only_package(scene: Scene) -> str:
    """A package that the file imports and that the target lacks."""
    known = Packages.shared()
    for statement in scene.module.all_imports:
        modules = [a.name for a in statement.names] if isinstance(statement, ast.Import) else [statement.module or ""]
        for name in modules if not getattr(statement, "level", 0) else ():
            package = known.imported(name.partition(".")[0])
            if package is not None and package.advice(scene.target.name) is not None:
                return package.name
    return ""


def _rival_branch(module: Module, compare: ast.Compare, value: str) -> str:
    """A comparison in an if/elif chain that has a branch for the target already."""
    for ancestor in module.ancestors(compare):
        if isinstance(ancestor, ast.If):
            for test in _tests(_top(module, ancestor)):
                if test is not compare and _compares_with(test, value):
                    return f"The same if/elif chain has a branch for {value!r} already: upstream supports the target."
            return ""
        if isinstance(ancestor, ast.stmt):
            break
    return ""


def _tests(node: ast.If) -> Iterator[ast.expr]:
    at: ast.If | None = node
    while at is not None:
        yield at.test
        at = at.orelse[0] if len(at.orelse) == 1 and isinstance(at.orelse[0], ast.If) else None


def _compares_with(test: ast.expr, value: str) -> bool:
    return any(
        isinstance(side, ast.Constant) and side.value == value
        for compare in ast.walk(test)
        if isinstance(compare, ast.Compare)
        for side in (compare.left, *compare.comparators)
    )
