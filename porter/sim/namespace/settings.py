"""What is asked and set without an effect here: the library of collectives, the allocator, warnings of waits."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch

from .base import Base

_MODES = {"default": 0, "warn": 1, "error": 2}


def members(base: Base) -> dict[str, Any]:
    """The names of torch.cuda and torch.cuda.nccl."""
    mode = 0

    def set_sync_debug_mode(debug_mode: int | str) -> None:
        nonlocal mode
        if debug_mode not in (*_MODES, *_MODES.values()):
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`")
        mode = debug_mode if isinstance(debug_mode, int) else _MODES[debug_mode]

    nccl = ModuleType(f"torch.{base.name}.nccl")
    vars(nccl).update(is_available=lambda *_tensors: torch.distributed.is_available(), version=lambda: (2, 21, 5))
    return {
        "nccl": nccl,
        "get_allocator_backend": lambda: "native",
        "set_sync_debug_mode": set_sync_debug_mode,
        "get_sync_debug_mode": lambda: mode,
        "utilization": lambda device=None: base.index(device) * 0,
    }
