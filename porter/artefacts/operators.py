"""Operators that native code registers for Python, the Python files that call them, and what these do without."""

from __future__ import annotations

import re
from collections.abc import Iterable

from porter.python.source import Source

_BINDING = re.compile(rb"\b(?:PYBIND11_MODULE|TORCH_LIBRARY|TORCH_LIBRARY_FRAGMENT|TORCH_LIBRARY_IMPL)\s*\(")
# `m.def("name", ...)`, `m.def("name(Tensor x) -> Tensor")`, `m.impl("name", ...)`.
_DEFINED = re.compile(rb"\.\s*(?:def|impl)\s*\(\s*(?:TORCH_SELECTIVE_(?:SCHEMA|NAME)\s*\(\s*)?\"(?:\w+::)?(\w+)")
_MANY = 6
# What a version in plain Python is called, beside the operator's own name; and an import that may fail.
_PLAIN = rb"_(?:torch|ref|reference|naive|python|py|pytorch|native|eager|cpu|slow|fallback)"
_PLAIN_FIRST = rb"_?(?:torch|ref|reference|naive|python|py|pytorch|eager|cpu|slow|fallback)"
_CAUGHT = re.compile(
    rb"^[ \t]*except\s*(?:\(?[^:\r\n]*(?:ImportError|ModuleNotFoundError|Exception)\b[^:\r\n]*)?:", re.MULTILINE
)


def operators(code: bytes) -> list[str]:
    """The names under which Python finds the operators of a file, in the order of the text."""
    if _BINDING.search(code) is None:
        return []
    return list(dict.fromkeys(found[1].decode() for found in _DEFINED.finditer(code)))


def callers(names: Iterable[str], sources: Iterable[tuple[str, bytes]]) -> list[str]:
    """The Python files that have a call of one of these names: `_C.forward(...)`, `torch.ops.lib.forward(...)`."""
    called = re.compile(rb"\.(?:" + b"|".join(re.escape(name.encode()) for name in names) + rb")\s*\(")
    return sorted(path for path, text in sources if called.search(text))


def fallbacks(names: Iterable[str], sources: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where Python has a version of an operator without native code, or catches that it is missing: file:line."""
    named = b"|".join(re.escape(name.encode()) for name in names)
    plain = re.compile(rb"^[ \t]*def (?:_?(?:%s)%s|%s_?(?:%s))\(" % (named, _PLAIN, _PLAIN_FIRST, named), re.MULTILINE)
    called = re.compile(rb"\.(?:%s)\s*\(" % named)
    found = []
    for path, text in sources:
        matches = [plain.search(text), _CAUGHT.search(text) if called.search(text) else None]
        found += [f"{path}:{Source(text).line_of(each.start())}" for each in matches if each is not None]
    return sorted(found)


def sentence(names: list[str], calling: list[str], without: list[str]) -> str:
    """What a reader is told about them."""
    if not names:
        return ""
    where = f"calls of such a name stand in {listed(calling)}" if calling else "no Python file of the repo calls them"
    other = f" By its words, a version without it stands in {listed(without)}." if without else ""
    none = " No Python version of it was found." if calling and not without else ""
    return f"It registers {listed(names)} for Python; {where}.{other}{none}"


def listed(items: list[str]) -> str:
    """The first few of many."""
    rest = f" and {len(items) - _MANY} more" if len(items) > _MANY else ""
    return ", ".join(items[:_MANY]) + rest
