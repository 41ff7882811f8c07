"""Dotted names as they are written: the last part of one, and the whole of one."""

from __future__ import annotations

import ast


def last_name(node: ast.AST) -> str:
    """`c` of `a.b.c` and of `c`; of a call, that of what is called; else empty."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def spelled(node: ast.expr) -> tuple[str, ...]:
    """The parts of a dotted name from its root; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()
