"""The report of a plan: one file per output format, `as_<name>.py`, found by the folder; of a drift in `drift/`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from porter.errors import UsageError
from porter.model import Plan

_PREFIX = "as_"


def formats() -> list[str]:
    """The names of the formats that porter can write."""
    return found_in(__path__)


def describe(form: str) -> str:
    """What a format is good for, in one sentence."""
    return (module_of(form, __name__, __path__).__doc__ or "").strip()


def render(plan: Plan, form: str) -> str:
    """The report of a plan in one format. The same plan gives the same text, on any machine and at any time."""
    text: str = module_of(form, __name__, __path__).render(plan)
    return text


def found_in(path: Iterable[str]) -> list[str]:
    """The formats that lie in a package."""
    names = (module.name for module in pkgutil.iter_modules(path))
    return sorted(name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX))


def module_of(form: str, package: str, path: Iterable[str]) -> ModuleType:
    """The module of a format; UsageError, with the nearest one, where there is none of that name."""
    known = found_in(path)
    if form not in known:
        near = difflib.get_close_matches(form, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}."
        raise UsageError(f"There is no report format {form!r}: {hint}")
    return importlib.import_module(f"{package}.{_PREFIX}{form}")
