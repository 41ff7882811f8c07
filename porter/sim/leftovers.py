"""Finds what is left of CUDA in a port: each use of torch.cuda by the repository's own lines is recorded.

The loud ones fail by themselves (x.cuda(), device="cuda"). The silent ones answer False, 0 or nothing on a torch
without CUDA, so that a port quietly takes the CPU branch, seeds nothing or scales no loss.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FrameType, FunctionType, ModuleType
from typing import Any

from .sources import caller
from .witness import LEFTOVERS, Witness


def watch(witness: Witness) -> None:
    """Records leftovers of CUDA from now on; nothing else about torch.cuda changes."""
    import torch

    for module in (torch.cuda, torch.cuda.memory, torch.cuda.random, torch.cuda.streams):
        _watch_functions(module, witness)
    for kind in (torch.amp.autocast_mode.autocast, torch.amp.GradScaler):
        _watch_device_argument(kind, witness)
    _watch_loud_ones(witness)
    _watch_is_cuda(witness)


def _record(witness: Witness, what: str, frame: FrameType | None) -> None:
    """Records a use by the repository's own line; what a library does inside itself is its own affair."""
    if frame is not None and witness.sources.owns(frame.f_code.co_filename):
        witness.record(LEFTOVERS, witness.sources.place(frame), what)


def _outside_torch(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that is not torch's: torch.cuda.amp.autocast is a torch.amp.autocast."""
    passed = ("torch", "typing_extensions", "warnings")
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in passed:
        frame = frame.f_back
    return frame


def _watch_functions(module: ModuleType, witness: Witness) -> None:
    for name, function in sorted(vars(module).items()):
        own = isinstance(function, FunctionType) and function.__module__.startswith("torch.cuda")
        if own and not name.startswith("_"):
            # One wrapper for each name: the compiler of torch refuses one function under two names.
            setattr(module, name, _recording(function, f"{module.__name__}.{name}", witness))


def _recording(function: Callable[..., Any], name: str, witness: Witness) -> Callable[..., Any]:
    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        _record(witness, name, caller())
        return function(*args, **kwargs)

    return recorded


def _watch_device_argument(kind: Any, witness: Witness) -> None:
    """autocast("cuda") and GradScaler("cuda") warn at most, and switch themselves off."""
    original = kind.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        told = bound.arguments.get("device_type", bound.arguments.get("device"))
        if str(told).partition(":")[0] == "cuda":
            _record(witness, f'torch.amp.{kind.__name__}("cuda")', _outside_torch(caller()))

    kind.__init__ = init


def _watch_loud_ones(witness: Witness) -> None:
    """Everything that needs CUDA asks for it here first: the error gets the line of the repository."""
    import torch

    original = torch.cuda._lazy_init

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


def _watch_is_cuda(witness: Witness) -> None:
    import torch

    original = torch._C.TensorBase.is_cuda

    def is_cuda(self: Any) -> bool:
        _record(witness, "Tensor.is_cuda", caller())
        return bool(original.__get__(self))

    torch.Tensor.is_cuda = property(is_cuda)
