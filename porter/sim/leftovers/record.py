"""Writes a leftover down, if the repository's own line asked; what a library does inside itself is its own affair."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..sources import caller
from ..witness import LEFTOVERS, Witness

_PASSED = ("torch", "typing_extensions", "warnings")


class Record:
    """What the watchers share."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness

    def __call__(self, what: str, frame: FrameType | None) -> None:
        """One use, by the frame that it was asked in."""
        if frame is not None:
            self.at(what, frame.f_code.co_filename, frame.f_lineno)

    def at(self, what: str, filename: str, line: int) -> None:
        """One use, at a place."""
        sources = self.witness.sources
        if sources.owns(filename):
            self.witness.record(LEFTOVERS, sources.place_of(filename, line), what)

    def through(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The function, which records each call."""

        @functools.wraps(function)
        def recorded(*args: Any, **kwargs: Any) -> Any:
            self(name, caller())
            return function(*args, **kwargs)

        return recorded


def outside_torch(frame: FrameType | None) -> FrameType | None:
    """The innermost frame that is not torch's: torch.cuda.amp.autocast is a torch.amp.autocast."""
    while frame is not None and _is_passed(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    return frame


def _is_passed(module: str) -> bool:
    """Torch's, and the wrapper that this device puts around torch's scaler, before torch 2.5 outside of the watcher."""
    return module.partition(".")[0] in _PASSED or module.endswith(".namespace.amp")


def names_cuda(device: object) -> bool:
    """Whether an argument asks for CUDA: "cuda", "cuda:1", torch.device("cuda")."""
    return str(device).partition(":")[0] == "cuda"
