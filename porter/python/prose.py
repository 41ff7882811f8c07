"""Prose: strings that a reader sees and no program acts on, and the reasons why such places stay."""

from __future__ import annotations

import ast
import re

from porter.python.dotted import last_name
from porter.python.module import Module

# Functions whose arguments a person reads.
READERS = frozenset(
    {
        "print",
        "debug",
        "info",
        "warn",
        "warning",
        "warning_once",
        "error",
        "exception",
        "critical",
        "log",
        "write",
        "skip",
        "echo",
        "secho",
    }
)

_PASSING = frozenset({"format", "join", "str", "repr", "dedent", "style", "_", "gettext"})


def is_message(module: Module, node: ast.AST) -> str | None:
    """Who reads the string, if a person does."""
    inner = node
    for ancestor in module.ancestors(node):
        if isinstance(ancestor, ast.Raise):
            return "it is the text of an exception"
        if isinstance(ancestor, ast.Assert) and ancestor.msg is inner:
            return "it is the text of an assertion"
        if isinstance(ancestor, ast.keyword) and ancestor.arg in {
            "help",
            "description",
            "epilog",
            "metavar",
            "title",
            "label",
            "placeholder",
        }:
            return f"it is text for a reader ({ancestor.arg}=)"
        if isinstance(ancestor, ast.Call) and inner is not ancestor.func:
            if last_name(ancestor.func) in READERS:
                return f"it is text that {last_name(ancestor.func)}() shows"
            if last_name(ancestor.func) not in _PASSING and not isinstance(module.parents.get(ancestor), ast.Raise):
                return None  # another function does something with it
        if isinstance(ancestor, ast.Subscript):
            return None
        if isinstance(ancestor, ast.stmt):
            break
        inner = ancestor
    return None


def text_of(node: ast.Constant | ast.JoinedStr) -> str | None:
    """The text of a string; a placeholder of an f-string counts as the digit 0."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    parts = (p.value if isinstance(p, ast.Constant) and isinstance(p.value, str) else "0" for p in node.values)
    return "".join(parts)


def reason(module: Module, node: ast.Constant | ast.JoinedStr) -> str:
    """Why a string with an accelerator's name in it stays as it is."""
    parent = module.parents.get(node)
    if isinstance(parent, ast.Expr):
        return "docstring or bare string: text for a reader"
    message = is_message(module, node)
    if message is not None:
        return message
    text = text_of(node) or ""
    if "://" in text:
        return "URL"
    if isinstance(parent, ast.Subscript) or (isinstance(parent, ast.Dict) and node in parent.keys):
        return "key: it names an entry that other code or a file looks up"
    if re.match(r"-{1,2}[A-Za-z]", text):
        return "command-line option: people and scripts type it"
    if "/" in text or "\\" in text or re.search(r"\.(cu|cuh|cpp|h|so|py|pt|bin|json|txt)$", text):
        return "path or file name"
    if re.search(r"\s", text.strip()):
        return "text with several words, not the name of a device"
    return "string that only contains the word, not the name of a device"
