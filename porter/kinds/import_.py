"""Kind `import`: a module that must be imported before the code that a port changes can run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from porter.model import Edit
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.module import Module
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="import", frozen=True, kw_only=True):
    """`add` is imported beside the first import of `beside`, in files where an edit reaches the device and, when it is
    given, the qualified name `uses` is used."""

    add: str
    beside: str = "torch"
    uses: str = ""


def triggers(rule: Rule) -> set[str]:
    return {rule.uses} if rule.uses else set()


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    """Nothing by itself: an import follows from what the other rules did."""
    del scene, rules
    return iter(())


def complete(scene: Scene, rules: list[Rule], made: list[Proposal]) -> Iterator[Proposal]:
    """The imports that the proposals made so far need."""
    edited = [p for p in made if p.changes]
    runs = [p for p in edited if p.runs]
    if not edited:
        return
    for rule in rules:
        statements = list(imports_of(scene.module, rule.beside))
        if not runs and not statements:
            continue  # the file handles names of devices, but never a device
        if _has(scene.module, rule.add) or (rule.uses and not _used(scene, rule.uses)):
            continue
        yield from _place(scene, rule, statements, edited)


def _place(scene: Scene, rule: Rule, statements: list[ast.stmt], edited: list[Proposal]) -> Iterator[Proposal]:
    source = scene.module.source
    first = min(p.start for p in edited)
    top = [s for s in statements if not _in_function(scene.module, s)]
    if top and source.end(top[0]) <= first:
        yield _after(scene, rule, top[0])
    elif top:
        yield _before(scene, rule, top[0])
    elif statements:
        for statement in _first_of_each_function(scene.module, statements):
            yield _after(scene, rule, statement)
    else:
        yield _at_top(scene, rule)


def _after(scene: Scene, rule: Rule, statement: ast.stmt) -> Proposal:
    source = scene.module.source
    line = statement.end_lineno or statement.lineno
    start, end = source.line_start(statement.lineno), source.line_end(line)
    indent = source.data[start : source.start(statement)]
    shares = indent.strip() or source.data[source.end(statement) : end].split(b"#")[0].strip()
    if shares:  # `try: import torch` or `import torch; x = 1`: stay in the statement's own line
        at = source.end(statement)
        return _proposal(scene, rule, at, f"; import {rule.add}".encode())
    text = indent + f"import {rule.add}".encode()
    if source.data[start:end].endswith((b"\n", b"\r")):
        return _proposal(scene, rule, end, text + source.newline)
    return _proposal(scene, rule, end, source.newline + text)


def _before(scene: Scene, rule: Rule, statement: ast.stmt) -> Proposal:
    source = scene.module.source
    start = source.line_start(statement.lineno)
    indent = source.data[start : source.start(statement)]
    if indent.strip():
        return _proposal(scene, rule, source.start(statement), f"import {rule.add}; ".encode())
    return _proposal(scene, rule, start, indent + f"import {rule.add}".encode() + source.newline)


def _at_top(scene: Scene, rule: Rule) -> Proposal:
    """Behind the imports at the head of the file; a file without any gets it behind docstring and __future__."""
    source, body = scene.module.source, scene.module.tree.body
    last: ast.stmt | None = None
    for statement in body:
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and last is None
        if not (is_docstring or isinstance(statement, (ast.Import, ast.ImportFrom))):
            break
        last = statement
    if last is not None:
        return _after(scene, rule, last)
    return (
        _before(scene, rule, body[0])
        if body
        else _proposal(scene, rule, len(source.data), f"import {rule.add}".encode())
    )


def _proposal(scene: Scene, rule: Rule, at: int, text: bytes) -> Proposal:
    del scene
    return Proposal(rule, at, at, verdict_of(rule.safety), (Edit(at, at, text, b""),))


def imports_of(module: Module, package: str) -> Iterator[ast.stmt]:
    """The import statements of a package and what lies in it, in the order of the file."""
    for node in sorted(module.all_imports, key=lambda n: (n.lineno, n.col_offset)):
        modules = (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [] if node.level else [node.module or ""]
        )
        if any(f"{name}.".startswith(f"{package}.") for name in modules):
            yield node


def _used(scene: Scene, name: str) -> bool:
    return any(meaning.qualified == name for chain in scene.module.chains for meaning in scene.names.meanings(chain))


def _has(module: Module, name: str) -> bool:
    """Whether the file imports the module already, outside of functions."""
    return any(not _in_function(module, statement) for statement in imports_of(module, name))


def _in_function(module: Module, statement: ast.stmt) -> bool:
    return any(isinstance(a, (ast.FunctionDef, ast.AsyncFunctionDef)) for a in module.ancestors(statement))


def _first_of_each_function(module: Module, statements: list[ast.stmt]) -> list[ast.stmt]:
    homes: dict[ast.AST | None, ast.stmt] = {}
    for statement in statements:
        home = next(
            (a for a in module.ancestors(statement) if isinstance(a, (ast.FunctionDef, ast.AsyncFunctionDef))), None
        )
        homes.setdefault(home, statement)
    return list(homes.values())
