"""From a matched expression to what it becomes: the smallest edits that a replacement pattern comes to."""

from __future__ import annotations

import ast
import re

from porter.model import Edit
from porter.python.patterns import MANY, ONE, Match, Pattern
from porter.python.source import Source


def rewrite(before: Pattern, after: Pattern, node: ast.expr, found: Match, source: Source) -> list[Edit]:
    """The smallest edits that turn a matched expression into the replacement: only what differs is touched."""
    if isinstance(after.tree, (ast.Name, ast.Attribute, ast.Call)):
        return _rewrite(before.tree, after.tree, node, found, source)
    start, end = source.start(node), source.end(node)
    text = re.sub(r"\$([A-Z_][A-Z0-9_]*)(?=(.?))", lambda m: filled(found.one[m[1]], m[2], source), after.text).encode()
    return [Edit(start, end, text, source.data[start:end])]


def filled(node: ast.expr, following: str, source: Source) -> str:
    """The source of what a placeholder stands for, in brackets where what follows would take a part of it."""
    text = source.text(node).decode()
    whole = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant))
    return text if whole or following not in {".", "["} else f"({text})"


def _rewrite(old: ast.expr, new: ast.expr, node: ast.expr, found: Match, source: Source) -> list[Edit]:
    if ast.dump(old) == ast.dump(new):
        return []
    if isinstance(old, ast.Attribute) and isinstance(new, ast.Attribute) and isinstance(node, ast.Attribute):
        edits = _rewrite(old.value, new.value, node.value, found, source)
        if old.attr != new.attr:
            end = source.end(node)
            edits.append(Edit(end - len(old.attr.encode()), end, new.attr.encode(), old.attr.encode()))
        return edits
    if isinstance(old, ast.Constant) and isinstance(old.value, str) and isinstance(new, ast.Constant):
        raw = source.text(node)
        at, length = raw.find(old.value.encode()), len(old.value.encode())
        if at > 0 and raw[at + length : at + length + 1] in (b'"', b"'"):
            start = source.start(node) + at
            return [Edit(start, start + length, str(new.value).encode(), old.value.encode())]
    if isinstance(old, ast.Call) and isinstance(new, ast.Call) and isinstance(node, ast.Call):
        called = _called(old, new, node, found, source)
        if called is not None:
            return called
    return _whole(old, new, node, found, source)


def _called(old: ast.Call, new: ast.Call, node: ast.Call, found: Match, source: Source) -> list[Edit] | None:
    """The edits of a call whose arguments stay or are as many as before; None where more of it changes."""
    if _arguments(old) == _arguments(new):
        return _rewrite(old.func, new.func, node.func, found, source)
    more = _put_before(old, new)
    if more:
        at = source.data.index(b"(", source.end(node.func)) + 1
        text = ", ".join(f'"{value}"' for value in more) + (", " if node.args or node.keywords else "")
        return [*_rewrite(old.func, new.func, node.func, found, source), Edit(at, at, text.encode(), b"")]
    if len(old.args) == len(new.args) and not old.keywords and not new.keywords:
        pairs = zip([old.func, *old.args], [new.func, *new.args], [node.func, *node.args], strict=False)
        return [edit for a, b, at in pairs for edit in _rewrite(a, b, at, found, source)]
    return None


def _arguments(call: ast.Call) -> list[str]:
    return [ast.dump(argument) for argument in (*call.args, *call.keywords)]


def _whole(old: ast.expr, new: ast.expr, node: ast.expr, found: Match, source: Source) -> list[Edit]:
    """The whole expression, written anew; of a method what it is called on stays."""
    start, end = source.start(node), source.end(node)
    if isinstance(new, ast.Constant) and isinstance(new.value, str):
        return [Edit(start, end, f'"{new.value}"'.encode(), source.data[start:end])]
    from porter.python.islands import render  # LibCST is loaded only for a rewrite that needs it

    rendered = render(old, new, node, found, source, one=ONE, many=MANY)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        receiver = source.data[start : source.end(node.func.value)]
        if rendered.startswith(receiver + b"."):
            start, rendered = start + len(receiver), rendered[len(receiver) :]
    return [Edit(start, end, rendered, source.data[start:end])]


def _put_before(old: ast.Call, new: ast.Call) -> list[str]:
    """The strings that a replacement puts before the arguments, when that is all that it does to them."""
    count = len(new.args) - len(old.args)
    first = new.args[: max(count, 0)]
    rest = [*new.args[len(first) :], *new.keywords]
    texts = [argument.value for argument in first if isinstance(argument, ast.Constant)]
    same = [ast.dump(a) for a in rest] == _arguments(old)
    return [text for text in texts if isinstance(text, str)] if same and len(texts) == len(first) else []
