"""Device memory: what is in use, the peak, and what is left. Nothing is cached, so reserved equals allocated."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch

from .base import Base


def members(base: Base) -> dict[str, Any]:
    """The names of torch.cuda and torch.cuda.memory that count memory."""
    controls = base.controls
    total = controls.memory_capacity()

    def used(device: Any = None) -> int:
        return controls.memory_used(base.index(device))

    def peak(device: Any = None) -> int:
        return controls.memory_peak(base.index(device))

    def reset_peak(device: Any = None) -> None:
        controls.reset_memory_peak(base.index(device))

    def mem_get_info(device: Any = None) -> tuple[int, int]:
        return controls.memory_capacity() - used(device), total

    def memory_stats(device: Any = None) -> dict[str, int]:
        index = base.index(device)
        stats = {"allocation.all.allocated": controls.memory_allocations(index), "num_ooms": 0, "num_alloc_retries": 0}
        for kind in ("allocated_bytes", "reserved_bytes", "active_bytes", "requested_bytes"):
            stats[f"{kind}.all.current"] = used(index)
            stats[f"{kind}.all.peak"] = peak(index)
        return stats

    def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
        index = base.index(device)
        shown = "in use" if abbreviated else "bytes in use"
        return f"{base.name}:{index} {used(index)} {shown}, {peak(index)} at peak, {controls.memory_capacity()} in all"

    def set_fraction(fraction: float, device: Any = None) -> None:
        base.index(device)
        if not 0 <= fraction <= 1:
            raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
        controls.set_memory_capacity(int(total * fraction))

    counters: dict[str, Any] = {
        "memory_allocated": used,
        "max_memory_allocated": peak,
        "memory_reserved": lambda device=None: used(device),
        "max_memory_reserved": lambda device=None: peak(device),
        "memory_cached": lambda device=None: used(device),
        "max_memory_cached": lambda device=None: peak(device),
        "reset_peak_memory_stats": reset_peak,
        "reset_max_memory_allocated": lambda device=None: reset_peak(device),
        "reset_max_memory_cached": lambda device=None: reset_peak(device),
        "reset_accumulated_memory_stats": lambda device=None: base.index(device) and None,
        "mem_get_info": mem_get_info,
        "memory_stats": memory_stats,
        "memory_stats_as_nested_dict": lambda device=None: _nested(memory_stats(device)),
        "memory_snapshot": list,  # nothing is cached, so there are no segments
        "memory_summary": memory_summary,
        "set_per_process_memory_fraction": set_fraction,
        "empty_cache": lambda: None,
    }
    module = ModuleType(f"torch.{base.name}.memory")
    vars(module).update(counters)
    # torch has one class for all devices; before 2.5 it lived in torch.cuda only.
    error = getattr(torch, "OutOfMemoryError", None) or torch.cuda.OutOfMemoryError
    return {**counters, "memory": module, "OutOfMemoryError": error}


def _nested(stats: dict[str, int]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in stats.items():
        *path, last = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return nested
