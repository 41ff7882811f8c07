"""Ranges for the vendor's profiler: they open and close as they should, and nobody looks."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .base import Base


def members(base: Base) -> dict[str, Any]:
    """The module that is torch.cuda.nvtx there."""
    depth = 0
    numbers = itertools.count(1)

    def range_push(msg: str) -> int:
        nonlocal depth
        del msg
        depth += 1
        return depth - 1

    def range_pop() -> int:
        nonlocal depth
        depth = max(depth - 1, 0)
        return depth

    def range_start(msg: str = "", stream: Any = None, *_more: Any) -> int:
        del msg, stream
        return next(numbers)

    def range_end(range_id: int, *_more: Any) -> None:
        del range_id

    @contextlib.contextmanager
    def named_range(msg: str = "", *_args: Any, **_kwargs: Any) -> Iterator[None]:
        range_push(msg)
        try:
            yield
        finally:
            range_pop()

    def mark(msg: str, *_more: Any) -> None:
        del msg

    nvtx = ModuleType(f"torch.{base.name}.nvtx")
    vars(nvtx).update(range_push=range_push, range_pop=range_pop, range_start=range_start, range_end=range_end)
    vars(nvtx).update(range=named_range, mark=mark)
    return {"nvtx": nvtx}
