"""The report: one file per output format, `as_<name>.py`, found by the folder."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType

from porter.errors import UsageError
from porter.model import Plan

_PREFIX = "as_"


def formats() -> list[str]:
    """The names of the formats that porter can write."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))


def describe(form: str) -> str:
    """What a format is good for, in one sentence."""
    return (_module(form).__doc__ or "").strip()


def render(plan: Plan, form: str) -> str:
    """The report of a plan in one format. The same plan gives the same text, on any machine and at any time."""
    text: str = _module(form).render(plan)
    return text


def _module(form: str) -> ModuleType:
    known = formats()
    if form not in known:
        near = difflib.get_close_matches(form, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}."
        raise UsageError(f"There is no report format {form!r}: {hint}")
    return importlib.import_module(f"{__name__}.{_PREFIX}{form}")
