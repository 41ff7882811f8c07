"""Operators that native code registers for Python, and the Python files that call them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BINDING = re.compile(rb"\b(?:PYBIND11_MODULE|TORCH_LIBRARY|TORCH_LIBRARY_FRAGMENT|TORCH_LIBRARY_IMPL)\s*\(")
# `m.def("name", ...)`, `m.def("name(Tensor x) -> Tensor")`, `m.impl("name", ...)`.
_DEFINED = re.compile(rb"\.\s*(?:def|impl)\s*\(\s*(?:TORCH_SELECTIVE_(?:SCHEMA|NAME)\s*\(\s*)?\"(?:\w+::)?(\w+)")
_MANY = 6


def operators(code: bytes) -> list[str]:
    """The names under which Python finds the operators of a file, in the order of the text."""
    if _BINDING.search(code) is None:
        return []
    return list(dict.fromkeys(found[1].decode() for found in _DEFINED.finditer(code)))


def callers(names: Iterable[str], sources: Iterable[tuple[str, bytes]]) -> list[str]:
    """The Python files that have a call of one of these names: `_C.forward(...)`, `torch.ops.lib.forward(...)`."""
    called = re.compile(rb"\.(?:" + b"|".join(re.escape(name.encode()) for name in names) + rb")\s*\(")
    return sorted(path for path, text in sources if called.search(text))


def sentence(names: list[str], calling: list[str]) -> str:
    """What a reader is told about them."""
    if not names:
        return ""
    where = f"calls of such a name stand in {_listed(calling)}" if calling else "no Python file of the repo calls them"
    return f"It registers {_listed(names)} for Python; {where}."


def _listed(items: list[str]) -> str:
    rest = f" and {len(items) - _MANY} more" if len(items) > _MANY else ""
    return ", ".join(items[:_MANY]) + rest
