"""The checks, found by this folder: one file each, with NAME, ORDER, PROVES, CANNOT and `run(case)`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Protocol, cast

from porter.harness.case import Case
from porter.harness.result import Result


class Check(Protocol):
    """What a file of this folder is."""

    NAME: str
    ORDER: int
    PROVES: str  # what a pass shows
    CANNOT: str  # and what it does not

    def run(self, case: Case) -> Iterable[Result]:
        """One result for each subject; at least one, if only to say why there is nothing to check."""
        ...


def all_checks() -> list[Check]:
    """Every check, the cheapest first."""
    names = [f"{__name__}.{info.name}" for info in pkgutil.iter_modules(__path__)]
    return sorted((cast(Check, importlib.import_module(name)) for name in names), key=lambda check: check.ORDER)
