"""An expression in the place of a literal: whole, as a part of a longer string, or in a test. No kind of rule."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from porter.model import Edit, Verdict
from porter.proposal import Proposal
from porter.python.scene import Scene
from porter.python.support import mentions

if TYPE_CHECKING:
    Literal = ast.Constant | ast.JoinedStr

_OPERATORS = {"==": "!=", "!=": "==", "in": "not in", "not in": "in"}
_OTHERS = ("mps", "xla")  # devices that are neither the CPU nor an accelerator that the helper knows
_BY_HAND = "Write {to} for the name here, as far as the place takes an expression."
# Where `not x` can stand as it is.
_LOOSE = (ast.stmt, ast.BoolOp, ast.Call, ast.keyword, ast.comprehension)


def expressed(scene: Scene, rule: Any, site: Proposal, node: Literal, start: int, old: bytes) -> Proposal:
    """The proposal that writes `rule.to` where `old` stands in the string `node` at `start`."""
    parent = scene.module.parents.get(node)
    edits: tuple[Edit, ...] | None
    is_test = isinstance(parent, ast.Compare) or _tested(scene, node) is not None
    others = [name for name in _OTHERS if mentions(scene.module.source.data, name)] if is_test and rule.none else []
    if others and site.verdict is Verdict.PORTED:
        said = f"This file knows {' and '.join(others)}, too, for which the test holds now."
        site = replace(site, verdict=Verdict.REVIEW, because=f"{site.because} {said}".strip())
    if rule.none and isinstance(parent, ast.Compare) and _text(node) == old.decode():
        edits = _turned(scene, rule, node, parent)
    elif rule.none and _tested(scene, node) is not None:
        edits = _negated(scene, rule, node)
    elif _constant(scene, node):
        edits = None
    else:
        whole = _guarded(scene, rule, node, parent)
        if whole is not None:
            return _made(site, (whole,), swallows=True)
        edits = _written(scene, rule, node, start, old)
    if edits is None:
        return site.withheld(f"{site.because} No expression can stand here.".strip(), _BY_HAND.format(to=rule.to))
    return _made(site, edits)


def _made(site: Proposal, edits: tuple[Edit, ...], *, swallows: bool = False) -> Proposal:
    return replace(site, edits=edits, swallows=swallows)


def _text(node: Literal) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _constant(scene: Scene, node: Literal) -> bool:
    """Whether the place takes constants alone: an annotation, a pattern, a list that something is searched in."""
    below: ast.AST = node
    for at in scene.module.ancestors(node):
        if isinstance(at, (ast.Subscript, ast.MatchValue)):
            return True
        if isinstance(at, (ast.AnnAssign, ast.arg)) and at.annotation is below:
            return True
        if isinstance(at, ast.Compare) and isinstance(below, (ast.Tuple, ast.List, ast.Set)):
            return True  # on a machine without accelerator the expression is the name of the CPU
        if isinstance(at, ast.stmt):
            return False
        below = at
    return False


def _turned(scene: Scene, rule: Any, node: Literal, compare: ast.Compare) -> tuple[Edit, ...] | None:
    """`x == "cuda"` asks whether there is an accelerator: `x != "cpu"`."""
    source = scene.module.source
    if len(compare.ops) != 1:
        return None
    start, end = source.end(compare.left), source.start(compare.comparators[0])
    found = re.fullmatch(rb"([\s()\\]*)(==|!=|not\s+in|in)([\s()\\]*)", source.data[start:end])
    if found is None or (isinstance(compare.ops[0], (ast.In, ast.NotIn)) and compare.left is not node):
        return None
    operator = found[2].decode()
    at = start + found.start(2)
    turned = Edit(at, at + len(found[2]), _OPERATORS[" ".join(operator.split())].encode(), found[2])
    return (turned, _renamed(scene, rule, node))


def _renamed(scene: Scene, rule: Any, node: Literal) -> Edit:
    """The string with the name of what is no accelerator in it."""
    source = scene.module.source
    raw = source.text(node)
    at = source.start(node) + raw.find(rule.value.encode())
    return Edit(at, at + len(rule.value.encode()), rule.none.encode(), rule.value.encode())


def _tested(scene: Scene, node: Literal) -> ast.Call | None:
    """`device.startswith("cuda")`."""
    call = scene.module.parents.get(node)
    is_test = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and node in call.args
    return call if is_test and isinstance(call, ast.Call) and _called(call) == "startswith" else None


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _negated(scene: Scene, rule: Any, node: Literal) -> tuple[Edit, ...] | None:
    call = _tested(scene, node)
    if call is None or _text(node) != rule.value:
        return None
    source = scene.module.source
    start, end = source.start(call), source.end(call)
    around = scene.module.parents.get(call)
    loose = isinstance(around, _LOOSE) or (isinstance(around, ast.IfExp) and around.test is call)
    edits = [Edit(start, start, b"not " if loose else b"(not ", b""), _renamed(scene, rule, node)]
    return tuple(edits) if loose else (*edits, Edit(end, end, b")", b""))


def _guarded(scene: Scene, rule: Any, node: Literal, parent: ast.AST | None) -> Edit | None:
    """`"cuda" if torch.cuda.is_available() else "cpu"` is what the expression says by itself."""
    if not (rule.guard and isinstance(parent, ast.IfExp) and parent.body is node and _text(node) == rule.value):
        return None
    test, other = parent.test, parent.orelse
    asks = isinstance(test, ast.Call) and not test.args and not test.keywords
    meaning = scene.names.expression(test.func) if isinstance(test, ast.Call) and asks else None
    if meaning is None or meaning.qualified != rule.guard:
        return None
    if not (isinstance(other, ast.Constant) and other.value == rule.none):
        return None
    source = scene.module.source
    start, end = source.start(parent), source.end(parent)
    return Edit(start, end, rule.to.encode(), source.data[start:end])


def _written(scene: Scene, rule: Any, node: Literal, start: int, old: bytes) -> tuple[Edit, ...] | None:
    source = scene.module.source
    raw, begin = source.text(node), source.start(node)
    to = rule.to.encode()
    if isinstance(node, ast.JoinedStr):
        plain = raw[:2].lower() in {b'f"', b"f'"} and raw.count(raw[1:2]) == 2
        return (Edit(start, start + len(old), b"{" + to + b"}", old),) if plain else None
    if raw[:1] not in {b'"', b"'"} or raw.startswith((b'"""', b"'''")) or raw.count(raw[:1]) != 2:
        return None  # a prefix, several strings that follow each other
    if raw[1:-1] == old:
        return (Edit(begin, begin + len(raw), to, raw),)
    if start == begin + 1 and re.search(rb"[{}%\\]|:.$", raw):
        return (Edit(begin, start + len(old), to + b" + " + raw[:1], raw[: start - begin] + old),)
    if re.search(rb"[{}%\\]", raw):
        return None
    return (Edit(begin, begin, b"f", b""), Edit(start, start + len(old), b"{" + to + b"}", old))
