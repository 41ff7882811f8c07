"""Kind `inject`: a statement at the start of a function, or before the first call of something in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.model import Edit
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.module import Function
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="inject", frozen=True, kw_only=True):
    """`code` goes into each `function` (a name or a glob-free list) whose body has `uses`, unless it has `unless`."""

    functions: tuple[str, ...]
    code: str
    before: str = ""  # a regular expression: the statement that starts with it; else the start of the function
    uses: str = ""  # a regular expression that the function's class (or the function, if it has none) must contain
    unless: str = ""  # a text that says the function has it already
    method: bool = True  # only functions of a class


def triggers(rule: Rule) -> set[str]:
    return {f"def {name}(" for name in rule.functions}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        for function in scene.module.functions:
            if function.name in rule.functions and _wanted(scene, rule, function):
                yield _inject(scene, rule, function)


def _wanted(scene: Scene, rule: Rule, function: Function) -> bool:
    text = scene.module.source.text(function).decode()
    home = scene.module.parents.get(function)
    if rule.method and not isinstance(home, ast.ClassDef):
        return False
    around = scene.module.source.text(home).decode() if isinstance(home, ast.ClassDef) else text
    return (not rule.unless or rule.unless not in text) and (not rule.uses or re.search(rule.uses, around) is not None)


def _inject(scene: Scene, rule: Rule, function: Function) -> Proposal:
    source = scene.module.source
    start = source.start(function)
    site = Proposal(rule, start, start + len(function.name), verdict_of(rule.safety), runs=True)
    statement = _anchor(scene, rule, function)
    if statement is None:
        return site.withheld("The function has no statement to put it before.", f"Add `{rule.code}` by hand.")
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
    at = source.line_start(first)
    indent = source.data[at : source.offset(first, statement.col_offset)]
    if indent.strip():
        return site.withheld(
            "The body of the function stands in one line with its head.", f"Add `{rule.code}` by hand."
        )
    from porter.python.islands import statement as written  # LibCST is loaded only for a rewrite that needs it

    text = indent + written(rule.code).encode() + source.newline
    return Proposal(rule, at, at, site.verdict, (Edit(at, at, text, b""),), f"In {function.name}().", runs=True)


def _anchor(scene: Scene, rule: Rule, function: Function) -> ast.stmt | None:
    if rule.before:
        wanted = re.compile(rule.before)
        for node in ast.walk(function):
            if (
                isinstance(node, ast.stmt)
                and node is not function
                and wanted.match(scene.module.source.text(node).decode())
            ):
                return node
        return None
    body = function.body
    has_docstring = (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )
    return body[1] if has_docstring and len(body) > 1 else None if has_docstring else body[0]
