"""An expression in the place of a literal: whole, as a part of a longer string, or in a test. No kind of rule."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from porter.model import Edit
from porter.proposal import Proposal
from porter.python.scene import Scene

if TYPE_CHECKING:
    Literal = ast.Constant | ast.JoinedStr

_BY_HAND = "Write {to} for the name here, as far as the place takes an expression."


def expressed(scene: Scene, rule: Any, site: Proposal, node: Literal, start: int, old: bytes) -> Proposal:
    """The proposal that writes `rule.to` where `old` stands in the string `node` at `start`."""
    parent = scene.module.parents.get(node)
    edits: tuple[Edit, ...] | None
    if rule.test and isinstance(parent, ast.Compare) and _text(node) == old.decode():
        edits = _compared(scene, rule.test, node, parent)
    elif rule.test and _text(node) == rule.value and _is_prefix(scene, node):
        edits = _asked(scene, rule.test, parent)
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


def _compared(scene: Scene, test: str, node: Literal, compare: ast.Compare) -> tuple[Edit, ...] | None:
    """`x == "cuda"` and `"cuda" in x` ask whether a device is an accelerator."""
    source = scene.module.source
    other = compare.comparators[0]
    between = source.data[source.end(compare.left) : source.start(other)]
    found = re.fullmatch(rb"([\s()\\]*?)\s*(==|!=|not\s+in|in)([\s()\\]*)", between)
    within = isinstance(compare.ops[0], (ast.In, ast.NotIn))
    if len(compare.ops) != 1 or found is None or (within and compare.left is not node):
        return None
    no = b"not " if isinstance(compare.ops[0], (ast.NotEq, ast.NotIn)) else b""
    asks = no + test.encode() + b"("
    start, end = source.start(compare), source.end(compare)
    if compare.left is node:
        first = source.start(other) - len(found[3].lstrip())
        return (Edit(start, first, asks, source.data[start:first]), Edit(end, end, b")", b""))
    last = source.end(compare.left) + len(found[1])
    return (Edit(start, start, asks, b""), Edit(last, end, b")", source.data[last:end]))


def _is_prefix(scene: Scene, node: Literal) -> bool:
    """`device.startswith("cuda")`."""
    call = scene.module.parents.get(node)
    method = call.func if isinstance(call, ast.Call) and call.args == [node] else None
    return isinstance(method, ast.Attribute) and method.attr == "startswith"


def _asked(scene: Scene, test: str, call: ast.AST | None) -> tuple[Edit, ...] | None:
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
        return None
    source = scene.module.source
    start, end, last = source.start(call), source.end(call), source.end(call.func.value)
    rest = source.data[last:end]
    last += len(rest) - len(rest.lstrip(b")"))
    return (Edit(start, start, test.encode() + b"(", b""), Edit(last, end, b")", source.data[last:end]))


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
