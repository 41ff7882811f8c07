"""Kind `order`: a statement of a method that has to come after what it needs, such as a late super().__init__()."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from porter.model import Edit
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.module import Function
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="order", frozen=True, kw_only=True):
    """In `function` of a class with one of the `bases`, `statement` calls the `methods` of the class.

    It moves to the end when these read attributes that the function sets behind it.
    """

    function: str
    statement: str  # a regular expression that the statement begins with
    bases: tuple[str, ...]  # last names of base classes
    methods: tuple[str, ...]  # of the class, called by the statement


def triggers(rule: Rule) -> set[str]:
    return set(rule.bases)


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        for node in scene.module.classes:
            if any(ast.unparse(base).rpartition(".")[2] in rule.bases for base in node.bases):
                yield from _class(scene, rule, node)


def _class(scene: Scene, rule: Rule, node: ast.ClassDef) -> Iterator[Proposal]:
    methods = {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
    function = methods.get(rule.function)
    if function is None:
        return
    wanted = re.compile(rule.statement)
    texts = [scene.module.source.text(statement).decode() for statement in function.body]
    index = next((number for number, text in enumerate(texts) if wanted.match(text)), None)
    if index is None:
        return
    behind = function.body[index + 1 :]
    needed = _read(methods, rule.methods)
    late = sorted(needed & set(_attributes(behind, ast.Store)))
    if late:
        yield _move(scene, rule, function, index, late, methods)


def _move(
    scene: Scene, rule: Rule, function: Function, index: int, late: list[str], methods: dict[str, ast.FunctionDef]
) -> Proposal:
    source, statement, last = scene.module.source, function.body[index], function.body[-1]
    start, end = source.start(statement), source.end(statement)
    behind = function.body[index + 1 :]
    known = {*_attributes(function.body, ast.Store), *methods}
    inherited = sorted(set(_attributes(behind, ast.Load)) - known)
    because = f"{', '.join(f'self.{name}' for name in late)} is set behind it."
    site = Proposal(rule, start, end, verdict_of(rule.safety), because=because)
    if inherited:
        names = ", ".join(f"self.{name}" for name in inherited)
        return site.withheld(
            because, f"Move it behind what it needs, but before {names} is used, which it sets itself."
        )
    first, until = source.line_start(statement.lineno), source.line_end(statement.end_lineno or statement.lineno)
    alone = not source.data[first:start].strip() and not source.data[end:until].split(b"#")[0].strip()
    whole = source.line_end(last.end_lineno or last.lineno)
    if not alone or isinstance(last, ast.Return) or source.data[source.end(last) : whole].split(b"#")[0].strip():
        return site.withheld(
            because, "Move it behind what it needs by hand: it shares its line, or the method returns."
        )
    text = source.data[first:until]
    lead = b"" if source.data[:whole].endswith((b"\n", b"\r")) else source.newline
    body = text.rstrip(b"\r\n") if lead else text
    edits = (Edit(first, until, b"", text), Edit(whole, whole, lead + body, b""))
    return Proposal(rule, start, end, site.verdict, edits, because)


def _read(methods: dict[str, ast.FunctionDef], names: Iterable[str]) -> set[str]:
    """The attributes that the methods read, and those that the methods read which they call."""
    found: set[str] = set()
    waiting = [name for name in names if name in methods]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        used = set(_attributes([methods[name]], ast.Load))
        found |= used - set(methods)
        waiting += used & set(methods)
    return found


def _attributes(nodes: Iterable[ast.AST], context: type[ast.expr_context]) -> Iterator[str]:
    """Attributes of `self` that are read or set in the nodes."""
    for node in chain.from_iterable(map(ast.walk, nodes)):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, context)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ):
            yield node.attr
