"""Kind `override`: a method that overrides a library's, and lacks an argument that the library has come to pass."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from porter.model import Edit
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="override", frozen=True, kw_only=True):
    """`method` of a class with one of the `bases` gets the `argument` with its `default` as the last one."""

    bases: tuple[str, ...]  # last names of base classes
    method: str
    argument: str
    default: str  # as Python


def triggers(rule: Rule) -> set[str]:
    return {f"def {rule.method}("}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        for function in scene.module.functions:
            home = scene.module.parents.get(function)
            if function.name == rule.method and isinstance(home, ast.ClassDef) and _derives(home, rule):
                given = function.args
                names = {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
                if given.kwarg is None and rule.argument not in names:
                    yield _add(scene, rule, function)


def _derives(home: ast.ClassDef, rule: Rule) -> bool:
    return any(ast.unparse(base).rpartition(".")[2] in rule.bases for base in home.bases)


def _add(scene: Scene, rule: Rule, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Proposal:
    """The argument behind the last one, on a line of its own where that one has one."""
    source = scene.module.source
    start = source.start(function)
    site = Proposal(
        rule, start, start + len(function.name), verdict_of(rule.safety), because=f"It lacks {rule.argument}."
    )
    text = f"{rule.argument}={rule.default}"
    given = function.args
    last = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    parts = [*last, *given.defaults, *(each for each in given.kw_defaults if each is not None)]
    if not last or (given.vararg is not None and not given.kwonlyargs):
        return site.withheld(f"It lacks {rule.argument}.", f"Add `{text}` to its arguments by hand.")
    end = max(source.end(each) for each in parts)
    first = source.line_start(last[-1].lineno)
    lead = source.data[first : source.start(last[-1])]
    own_line = not lead.strip() and last[-1].lineno != function.lineno
    new = b"," + source.newline + lead + text.encode() if own_line else f", {text}".encode()
    return Proposal(rule, start, start + len(function.name), site.verdict, (Edit(end, end, new, b""),), site.because)
