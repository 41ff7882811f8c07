"""What a test for the device guards: a branch that goes through a module of the repo's own to kernels for CUDA."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.packs.packages import Packages
from porter.python.dotted import last_name

if TYPE_CHECKING:
    from porter.python.scene import Scene


def guarded_kernels(scene: Scene, node: ast.expr) -> str:
    """A sentence on the kernels behind the test that `node` stands in; empty where none are found."""
    for statement in _imports_behind(scene, _branch(scene, node)):
        for dotted, level in _modules(statement):
            path = scene.library.find(dotted, level, scene.module.path)
            package = _package(scene, scene.library.tree(path)) if path else ""
            if package:
                return (
                    f"What it guards goes through {path}, which uses {package}: it may be code that only CUDA can run."
                )
    return ""


def _branch(scene: Scene, node: ast.expr) -> list[ast.AST]:
    """What is done where the test holds."""
    below: ast.AST = node
    for above in scene.module.ancestors(node):
        if isinstance(above, (ast.If, ast.IfExp)):
            if above.test is not below:
                return []
            return list(above.body) if isinstance(above, ast.If) else [above.body]
        if isinstance(above, ast.stmt):
            return []
        below = above
    return []


def _imports_behind(scene: Scene, branch: list[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports in a branch, of what it names, and in the file's own functions that it calls."""
    functions = {n.name: n for n in scene.module.tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}
    called = {last_name(n.func) for each in branch for n in ast.walk(each) if isinstance(n, ast.Call)}
    inside = [*branch, *(functions[name] for name in sorted(called & functions.keys()))]
    names = {n.id for each in inside for n in ast.walk(each) if isinstance(n, ast.Name)}
    inner = (n for each in inside for n in ast.walk(each))
    yield from (n for n in inner if isinstance(n, (ast.Import, ast.ImportFrom)))
    for statement in scene.module.all_imports:
        if names & {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}:
            yield statement


def _modules(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, int]]:
    """The modules that a statement may mean, each with the dots before it."""
    if isinstance(statement, ast.Import):
        yield from ((alias.name, 0) for alias in statement.names)
        return
    module = statement.module or ""
    yield module, statement.level
    yield from ((".".join(filter(None, [module, alias.name])), statement.level) for alias in statement.names)


def _package(scene: Scene, tree: ast.Module | None) -> str:
    """A package tied to CUDA that a module imports."""
    for statement in ast.walk(tree) if tree is not None else ():
        if isinstance(statement, (ast.Import, ast.ImportFrom)) and not getattr(statement, "level", 0):
            for name, _ in _modules(statement):
                package = Packages.shared().imported(name.partition(".")[0]) if name else None
                if package is not None and package.advice(scene.target.name) is not None:
                    return package.name
    return ""
