"""Variables of CUDA in os.environ: setting them changes nothing on another device, reading them tells nothing of it.

They are mostly set before torch is imported, so the watching begins with the process.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from .record import Record

_CUDA = re.compile(r"(PYTORCH_)?CUDA_|(TORCH_)?NCCL_")
_INSIDE = ("os", "_collections_abc", "collections.abc")
_seen: list[tuple[str, str, int]] = []  # what, file and line, until there is a witness
_tell: list[Callable[[str, str, int], None]] = []


def begin() -> None:
    """Watches os.environ."""
    for name in ("__getitem__", "__setitem__", "__delitem__"):
        setattr(os._Environ, name, _watched(getattr(os._Environ, name)))


def watch(record: Record) -> None:
    """Hands over what was seen so far, and all that follows."""
    for row in _seen:
        record.at(*row)
    _seen.clear()
    _tell.append(record.at)


def _watched(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def watched(self: Any, key: Any, *value: Any) -> Any:
        if isinstance(key, str) and _CUDA.match(key):
            frame: Any = sys._getframe(1)
            while frame is not None and frame.f_globals.get("__name__") in _INSIDE:
                frame = frame.f_back
            if frame is not None:
                (_tell[-1] if _tell else _keep)(key, frame.f_code.co_filename, frame.f_lineno)
        return original(self, key, *value)

    return watched


def _keep(what: str, filename: str, line: int) -> None:
    _seen.append((what, filename, line))
