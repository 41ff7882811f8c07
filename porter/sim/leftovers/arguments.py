"""Calls that take "cuda" for a device and do nothing for the one that there is: autocast("cuda") and its kin."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from ..sources import caller
from .record import Record, names_cuda, outside_torch


def watch(record: Record) -> None:
    """Each with the argument that names the device; a default that means CUDA counts, too."""
    import torch
    from torch.utils.data import DataLoader

    mode = torch.amp.autocast_mode
    _watch(mode.autocast, "__init__", 'torch.amp.autocast("cuda")', _names("device_type"), record)
    _watch(torch.amp.GradScaler, "__init__", 'torch.amp.GradScaler("cuda")', _names("device"), record)
    _watch(DataLoader, "__init__", 'DataLoader(pin_memory_device="cuda")', _names("pin_memory_device"), record)
    profile = torch.autograd.profiler.profile
    _watch(profile, "__init__", "torch.autograd.profiler.profile of CUDA", _profiles_cuda, record)
    _watch(torch, "set_default_device", 'torch.set_default_device("cuda")', _names("device"), record)
    _watch(torch, "set_default_tensor_type", "torch.set_default_tensor_type of CUDA", _makes_cuda, record)
    if hasattr(torch, "get_device_module"):  # not before torch 2.5
        _watch(torch, "get_device_module", 'torch.get_device_module("cuda")', _names("device"), record)
    _watch(torch.random, "fork_rng", 'torch.random.fork_rng("cuda")', _names("device_type"), record)
    for name in ("custom_fwd", "custom_bwd", "is_autocast_available"):
        for owner in (torch.amp, mode):
            if hasattr(owner, name):
                _watch(owner, name, f'torch.amp.{name}("cuda")', _names("device_type"), record)


def _names(argument: str) -> Callable[[dict[str, Any]], bool]:
    return lambda told: names_cuda(told.get(argument))


def _profiles_cuda(told: dict[str, Any]) -> bool:
    return bool(told.get("use_cuda")) or names_cuda(told.get("use_device"))


def _makes_cuda(told: dict[str, Any]) -> bool:
    return str(told.get("t")).startswith("torch.cuda.")


def _watch(owner: Any, name: str, what: str, asks: Callable[[dict[str, Any]], bool], record: Record) -> None:
    original = getattr(owner, name)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def watched(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)  # first: it says what is wrong with the arguments
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        if asks(bound.arguments):
            record(what, outside_torch(caller()))
        return answer

    setattr(owner, name, watched)
