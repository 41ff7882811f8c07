"""Functions and scopes of torch.cuda and its parts, and what everything that needs CUDA asks first."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from ..sources import caller
from ..witness import LEFTOVERS
from .record import Record, outside_torch

# Scopes that do nothing without CUDA, or nothing for tensors of another device. Other classes refuse to be made.
_SCOPES = ("device", "device_of", "StreamContext")


def watch(record: Record) -> None:
    """Every public function of torch.cuda's modules, the scopes, and the way to the loud errors."""
    import torch

    for module in _modules(torch.cuda):
        for name, function in sorted(vars(module).items()):
            own = isinstance(function, FunctionType) and function.__module__.startswith("torch.cuda")
            if own and not name.startswith("_"):
                # One wrapper for each name: the compiler of torch refuses one function under two names.
                setattr(module, name, record.through(function, f"{module.__name__}.{name}"))
    for name in _SCOPES:
        _watch_making(getattr(torch.cuda, name), f"torch.cuda.{name}", record)
    _watch_loud_ones(record)


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    """torch.cuda and those of its modules that `import torch` has loaded; nothing is imported for the watching."""
    import sys

    yield package
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if info.name in sys.modules and "._" not in info.name:
            yield importlib.import_module(info.name)


def _watch_making(kind: Any, name: str, record: Record) -> None:
    original = kind.__init__

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        record(name, outside_torch(caller()) if kind.__name__ == "StreamContext" else caller())
        original(self, *args, **kwargs)

    kind.__init__ = init


def _watch_loud_ones(record: Record) -> None:
    """Everything that needs CUDA asks for it here first: the error gets the line of the repository."""
    import torch

    original, witness = torch.cuda._lazy_init, record.witness

    def lazy_init() -> None:
        nearest = witness.sources.nearest(caller())
        if nearest is not None:
            witness.record(LEFTOVERS, witness.sources.place(nearest), "CUDA was asked for")
        try:
            original()
        except (AssertionError, RuntimeError) as error:
            where = f" (leftover CUDA at {witness.sources.place(nearest)})" if nearest is not None else ""
            raise type(error)(f"{error}{where}") from None

    torch.cuda._lazy_init = lazy_init
