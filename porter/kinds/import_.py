"""Kind `import`: a module that must be imported before the code that a port changes can run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.model import Edit, Verdict
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
    helper: bool = False  # `add` is the helper module of a style, imported where an edit uses it


def triggers(rule: Rule) -> set[str]:
    return {rule.uses} if rule.uses else set()


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    """Nothing by itself: an import follows from what the other rules did."""
    del scene, rules
    return iter(())


def complete(scene: Scene, rules: list[Rule], made: list[Proposal]) -> Iterator[Proposal]:
    """The imports that the proposals made so far need."""
    edited = [p for p in made if _needs(p) and getattr(p.rule, "reaches", True)]
    runs = [p for p in edited if p.runs]
    if not edited:
        return
    for rule in rules:
        statements = list(imports_of(scene.module, rule.beside))
        if rule.helper:
            yield from _of_helper(scene, rule, statements, edited)
            continue
        if not runs and not statements:
            continue  # the file handles names of devices, but never a device
        if _has(scene.module, rule.add) or (rule.uses and not _used(scene, rule.uses)):
            continue
        yield from _place(scene, rule, statements, edited)


def _needs(proposal: Proposal) -> bool:
    """Whether a place wants the module: it is edited, or runs on the device as it stands, such as a bare index."""
    return proposal.changes or (proposal.runs and not proposal.edits and proposal.verdict is not Verdict.MANUAL)


def _of_helper(scene: Scene, rule: Rule, statements: list[ast.stmt], edited: list[Proposal]) -> Iterator[Proposal]:
    """The import of the helper module, where an edit writes its name; a file may need more to find it."""
    style = scene.context.style
    if style is None or style.imported(scene.module.tree):
        return
    written = re.compile(rb"(?<![\w.])" + re.escape(rule.add.encode()) + rb"(?:\.|\Z)")
    users = [p for p in edited if any(written.search(edit.new) for edit in p.edits)]
    if users:
        top = [s for s in statements if not _in_function(scene.module, s)]
        text = style.statement(scene.module.path).split("\n")
        there = _modules_above(scene.module, top[0].lineno if top else 0)
        lines = [line for line in text if line.removeprefix("import ") not in there]
        yield from _place(scene, rule, top, users, "\n".join(lines).encode())


def _modules_above(module: Module, line: int) -> set[str]:
    """The modules that a file has imported before a line."""
    above = (s for s in module.tree.body if isinstance(s, ast.Import) and s.lineno < line)
    return {alias.name for statement in above for alias in statement.names if alias.asname is None}


def _place(
    scene: Scene, rule: Rule, statements: list[ast.stmt], edited: list[Proposal], text: bytes = b""
) -> Iterator[Proposal]:
    text = text or f"import {rule.add}".encode()
    source = scene.module.source
    first = min(p.start for p in edited)
    top = [s for s in statements if not _in_function(scene.module, s)]
    if top and source.end(top[0]) <= first:
        yield _after(scene, rule, top[0], text)
    elif top:
        yield _before(scene, rule, top[0], text)
    elif statements:
        for statement in _first_of_each_function(scene.module, statements):
            yield _after(scene, rule, statement, text)
    else:
        yield _at_top(scene, rule, text)


def _after(scene: Scene, rule: Rule, statement: ast.stmt, text: bytes) -> Proposal:
    source = scene.module.source
    line = statement.end_lineno or statement.lineno
    start, end = source.line_start(statement.lineno), source.line_end(line)
    indent = source.data[start : source.start(statement)]
    shares = indent.strip() or source.data[source.end(statement) : end].split(b"#")[0].strip()
    if shares:  # `try: import torch` or `import torch; x = 1`: stay in the statement's own line
        at = source.end(statement)
        return _proposal(scene, rule, at, b"; " + text.replace(b"\n", b"; "))
    text = _lines(text, indent, source.newline)
    if source.data[start:end].endswith((b"\n", b"\r")):
        return _proposal(scene, rule, end, text + source.newline)
    return _proposal(scene, rule, end, source.newline + text)


def _before(scene: Scene, rule: Rule, statement: ast.stmt, text: bytes) -> Proposal:
    source = scene.module.source
    start = source.line_start(statement.lineno)
    indent = source.data[start : source.start(statement)]
    if indent.strip():
        return _proposal(scene, rule, source.start(statement), text.replace(b"\n", b"; ") + b"; ")
    return _proposal(scene, rule, start, _lines(text, indent, source.newline) + source.newline)


def _at_top(scene: Scene, rule: Rule, text: bytes) -> Proposal:
    """Behind the imports at the head of the file; a file without any gets it behind docstring and __future__."""
    source, body = scene.module.source, scene.module.tree.body
    last: ast.stmt | None = None
    for statement in body:
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and last is None
        if not (is_docstring or isinstance(statement, (ast.Import, ast.ImportFrom))):
            break
        last = statement
    if last is not None:
        return _after(scene, rule, last, text)
    return _before(scene, rule, body[0], text) if body else _proposal(scene, rule, len(source.data), text)


def _lines(text: bytes, indent: bytes, newline: bytes) -> bytes:
    return newline.join(indent + line for line in text.split(b"\n"))


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
