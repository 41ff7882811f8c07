"""Notes which functions of the device's module the repository's own lines call, by their names in torch.cuda.

What such a call does may show nowhere else: a wait, a seed, an emptied cache. Two sides that do the same call the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from .sources import caller
from .witness import CALLS, Witness


def noted(members: Mapping[str, Any], witness: Witness) -> dict[str, Any]:
    """The members, their functions as ones that are noted; those of a module keep its name before theirs."""
    return {name: _noted(name, value, witness) for name, value in members.items()}


def _noted(name: str, value: Any, witness: Witness) -> Any:
    if isinstance(value, ModuleType):
        for inner, part in list(vars(value).items()):
            if not inner.startswith("__"):
                setattr(value, inner, _noted(f"{name}.{inner}", part, witness))
        return value
    own = isinstance(value, (FunctionType, MethodType)) and not name.rpartition(".")[2].startswith("_")
    return _through(value, name, witness) if own else value


def _through(function: Callable[..., Any], name: str, witness: Witness) -> Callable[..., Any]:
    import torch

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if not torch.compiler.is_compiling():
            frame = caller()
            if witness.sources.owns(frame.f_code.co_filename):
                witness.record(CALLS, witness.sources.place(frame), name)
        return function(*args, **kwargs)

    return called
