"""Islands: single statements and expressions that LibCST parses and rewrites, so that comments and layout survive."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import libcst as cst

from porter.python.source import Source

if TYPE_CHECKING:
    from porter.python.patterns import Match


def render(old: ast.expr, new: ast.expr, node: ast.expr, found: Match, source: Source, *, one: str, many: str) -> bytes:
    """The text of a replacement pattern with its placeholders filled from the source, arguments with their layout."""
    if isinstance(new, ast.Call) and isinstance(node, ast.Call) and isinstance(old, ast.Call):
        behind = new.func if isinstance(new.func, ast.Attribute) else None
        if behind is not None and isinstance(behind.value, ast.Call) and _same(behind.value.func, old.func):
            inner = _render_call(old, behind.value, node, found, source, one=one, many=many)
            arguments = ", ".join([*map(_quoted, new.args), *(f"{k.arg}={_quoted(k.value)}" for k in new.keywords)])
            return inner + f".{behind.attr}({_fill(arguments, found, source, one)})".encode()
        return _render_call(old, new, node, found, source, one=one, many=many)
    return _fill(ast.unparse(new), found, source, one).encode()


def _same(one: ast.expr, other: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(other)


def _quoted(node: ast.expr) -> str:
    """As people write it: a plain string in double quotes."""
    value = node.value if isinstance(node, ast.Constant) else None
    return f'"{value}"' if isinstance(value, str) and value.isidentifier() else ast.unparse(node)


def _render_call(
    old: ast.Call, new: ast.Call, node: ast.Call, found: Match, source: Source, *, one: str, many: str
) -> bytes:
    island = cst.parse_expression(source.text(node).decode())
    if not isinstance(island, cst.Call):
        raise TypeError("the island is not a call")
    given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    written = sorted(given, key=lambda each: (each.lineno, each.col_offset))
    kept = dict(zip(map(id, written), island.args, strict=True))
    named = {each.arg: id(each) for each in node.keywords}
    arguments: list[cst.Arg] = []
    for wanted in (*new.args, *new.keywords):
        value = wanted.value if isinstance(wanted, (ast.Starred, ast.keyword)) else wanted
        if isinstance(wanted, ast.Starred) and isinstance(value, ast.Name) and value.id.startswith(many):
            arguments += [kept[id(each)] for each in found.many[value.id[len(many) :]]]
            continue
        text = cst.parse_expression(_fill(ast.unparse(value), found, source, one))
        if isinstance(wanted, ast.keyword) and wanted.arg in named:  # only its value changes
            kept[named[wanted.arg]] = kept[named[wanted.arg]].with_changes(value=text)
            arguments.append(kept[named[wanted.arg]])
        else:
            keyword = cst.Name(wanted.arg) if isinstance(wanted, ast.keyword) and wanted.arg else None
            none = cst.SimpleWhitespace("")
            equal = cst.AssignEqual(none, none) if keyword else cst.MaybeSentinel.DEFAULT
            arguments.append(cst.Arg(text, keyword=keyword, equal=equal))
    if all(each in kept.values() for each in arguments):  # nothing new among them: they stay in their order
        arguments.sort(key=[*kept.values()].index)
    last = len(arguments) - 1
    spaced = [
        a
        if i == last or not isinstance(a.comma, cst.MaybeSentinel)
        else a.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
        for i, a in enumerate(arguments)
    ]
    if spaced and island.args and isinstance(island.args[-1].comma, cst.MaybeSentinel):
        spaced[-1] = spaced[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)  # another one was the last
    spelled = _fill(ast.unparse(new.func), found, source, one)
    callee = island.func if _same(old.func, new.func) else cst.parse_expression(spelled)
    return cst.Module(body=[]).code_for_node(island.with_changes(func=callee, args=spaced)).encode()


def _fill(text: str, found: Match, source: Source, one: str) -> str:
    from porter.python.rewrites import filled

    return re.sub(rf"{one}(\w+)(?=(.?))", lambda m: filled(found.one[m[1]], m[2], source), text)


def split_import(statement: bytes, moved: dict[str, str], module: str, *, indent: bytes, newline: bytes) -> bytes:
    """Take names out of a `from ... import` into a second statement of the same form from another module.

    `moved` maps each name that leaves to its new name; the names that stay keep their statement, comments included.
    """
    island = cst.parse_statement(statement.decode())
    if not isinstance(island, cst.SimpleStatementLine) or not isinstance(island.body[0], cst.ImportFrom):
        raise TypeError("the island is not an import")
    imported = island.body[0]
    if isinstance(imported.names, cst.ImportStar):
        raise TypeError("a star import cannot be split")
    stay = [alias for alias in imported.names if alias.evaluated_name not in moved]
    go = [alias for alias in imported.names if alias.evaluated_name in moved]
    stay[-1] = stay[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT) if imported.lpar is None else stay[-1]
    first = cst.Module(
        body=[island.with_changes(body=[imported.with_changes(names=stay), *island.body[1:]])]
    ).code.rstrip("\r\n")
    local = {alias.evaluated_name: alias.evaluated_alias for alias in go}
    names = ", ".join(moved[name] + (f" as {asname}" if asname else "") for name, asname in local.items())
    return f"from {module} import {names}".encode() + newline + indent + first.encode()
