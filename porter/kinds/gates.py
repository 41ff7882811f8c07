"""Tests of a version in code that fail on the target: an assertion that does not hold, a branch that gives up."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from porter.model import Verdict
from porter.proposal import Proposal
from porter.python.dotted import last_name
from porter.python.scene import Scene

if TYPE_CHECKING:
    from porter.packs.rule import Rule

_COMPARES: dict[type[ast.cmpop], Any] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_PARSERS = frozenset({"parse", "Version", "LooseVersion", "StrictVersion", "parse_version"})


def failing(scene: Scene, rule: Rule, gates: tuple[str, ...]) -> Iterator[Proposal]:
    """The comparisons of the gates with a version that stop the program on the target."""
    source, has = scene.module.source, scene.target.torch
    for compare in scene.module.compares:
        answer = _holds(scene, compare, gates, Version(has))
        if answer is not None and _stops(scene, compare, answer):
            because = f"The target comes with torch {has}, for which this test is {answer} and the program ends here."
            yield Proposal(rule, source.start(compare), source.end(compare), Verdict.MANUAL, (), because)


def _holds(scene: Scene, compare: ast.Compare, gates: tuple[str, ...], has: Version) -> bool | None:
    """The outcome of a comparison on the target; None when it does not compare a gate with a version."""
    if len(compare.ops) != 1 or type(compare.ops[0]) not in _COMPARES:
        return None
    sides = [_bare(compare.left), _bare(compare.comparators[0])]
    values = [has if _is_gate(scene, side, gates) else _version(side) for side in sides]
    gated = sum(_is_gate(scene, side, gates) for side in sides)
    if gated != 1 or values[0] is None or values[1] is None:
        return None
    return bool(_COMPARES[type(compare.ops[0])](values[0], values[1]))


def _bare(node: ast.expr) -> ast.expr:
    """What a version is made from: `version.parse(x)`, `x.split("+")[0]`."""
    while True:
        if isinstance(node, ast.Call) and last_name(node.func) in _PARSERS and node.args:
            node = node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Call):
            node = node.value
        elif isinstance(node, ast.Call) and last_name(node.func) == "split" and isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            return node


def _is_gate(scene: Scene, node: ast.expr, gates: tuple[str, ...]) -> bool:
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    meaning = scene.names.expression(node)
    return meaning is not None and meaning.qualified in gates


def _version(node: ast.expr) -> Version | None:
    try:
        return Version(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
    except InvalidVersion:
        return None


def _stops(scene: Scene, compare: ast.Compare, answer: bool) -> bool:
    """Whether the program gives up on this outcome."""
    parent = scene.module.parents.get(compare)
    if isinstance(parent, ast.Assert):
        return not answer
    if not isinstance(parent, ast.If) or parent.test is not compare:
        return False
    body = parent.body if answer else parent.orelse
    return bool(body) and isinstance(body[-1], ast.Raise)
