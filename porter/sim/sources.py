"""Finds the line of the ported repository that is at work: the nearest frame that is not a library's."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import FrameType

_HERE = str(Path(__file__).parent) + os.sep
# Where transformers copies a repository's own model code before it runs it.
_REMOTE_CODE = f"{os.sep}transformers_modules{os.sep}"
# What these files of torch do was asked for by their caller: x.npu(), model.double(), F.linear(…).
_THIN = (
    "torch/utils/backend_registration.py",
    "torch/nn/modules/module.py",
    "torch/nn/functional.py",
    "torch/_tensor.py",
)


class Sources:
    """Tells the repository's files from libraries: what lies below the root, else all outside Python's own."""

    def __init__(self, root: str = "") -> None:
        self._root = str(Path(root).resolve()) + os.sep if root else ""
        paths = sysconfig.get_paths()
        self._libraries = tuple({paths["stdlib"], paths["platstdlib"], _HERE})
        self._known: dict[str, bool] = {}

    def owns(self, filename: str) -> bool:
        """Whether a file is the repository's own."""
        known = self._known.get(filename)
        if known is None:
            known = self._known[filename] = self._decide(filename)
        return known

    def _decide(self, filename: str) -> bool:
        if filename.startswith("<") or not filename:
            return False
        path = os.path.realpath(filename)
        if "site-packages" in path or "dist-packages" in path:
            return False
        if _REMOTE_CODE in path:
            return True
        if self._root:
            return path.startswith(self._root)
        return not path.startswith(self._libraries)

    def nearest(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the repository, at `frame` or outside it."""
        while frame is not None and not self.owns(frame.f_code.co_filename):
            frame = frame.f_back
        return frame

    def is_direct(self, frame: FrameType | None) -> bool:
        """Whether the repository itself asks: the innermost frame is its own, but for torch's thin wrappers."""
        while frame is not None and _passes_on(frame.f_code.co_filename):
            frame = frame.f_back
        return frame is not None and self.owns(frame.f_code.co_filename)

    def place(self, frame: FrameType) -> str:
        """`file:line`, relative to the root where there is one."""
        return self.place_of(frame.f_code.co_filename, frame.f_lineno)

    def place_of(self, filename: str, line: int) -> str:
        """The same, of a file and a line."""
        path = os.path.realpath(filename)
        shown = path[len(self._root) :] if self._root and path.startswith(self._root) else path
        return f"{shown}:{line}"


def _passes_on(filename: str) -> bool:
    return filename.startswith(_HERE) or filename.endswith(_THIN)


def caller(depth: int = 1) -> FrameType:
    """The frame `depth` levels outside the function that calls this."""
    return sys._getframe(depth + 1)
