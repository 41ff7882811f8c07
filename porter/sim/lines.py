"""Notes which lines of the repository a process runs, among those that the parent wants to know of.

A function is left alone once all wanted lines of it were seen, so that a run is hardly slower for it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

RAN = ".ran"  # the file beside the question in which the answers stand, one `file:line` each
_REMOTE_CODE = f"{os.sep}transformers_modules{os.sep}"  # where transformers copies a repository's own model code

Trace = Callable[[FrameType, str, Any], Any]


def begin(asked: Path, root: Path) -> None:
    """`asked` is JSON: lines by file, relative to `root`. Holds for all threads, and for processes forked off."""
    watch = _Watch(json.loads(asked.read_text(encoding="utf-8")), root, asked.with_suffix(RAN))
    threading.settrace(watch.enter)
    sys.settrace(watch.enter)


class _Watch:
    """What is still to be seen, by code object."""

    def __init__(self, wanted: dict[str, list[int]], root: Path, answers: Path) -> None:
        self._wanted = {os.path.realpath(root / file): (file, set(lines)) for file, lines in wanted.items()}
        self._files: dict[str, tuple[str, set[int]] | None] = {}
        self._left: dict[int, tuple[CodeType, str, set[int]]] = {}  # the code is kept, so that its id stays its own
        # Every line is written when it is seen: a process may be killed, or end without its exit handlers.
        self._answers = os.open(answers, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def enter(self, frame: FrameType, event: str, argument: Any) -> Trace | None:
        """Follows a function only while there is something to be seen in it."""
        del event, argument
        return self._line if self._of(frame.f_code)[2] else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Trace | None:
        del argument
        _, file, left = self._of(frame.f_code)
        if event == "line" and frame.f_lineno in left:
            left.discard(frame.f_lineno)
            os.write(self._answers, f"{file}:{frame.f_lineno}\n".encode())
        return self._line if left else None

    def _of(self, code: CodeType) -> tuple[CodeType, str, set[int]]:
        known = self._left.get(id(code))
        if known is None:
            file, wanted = self._file(code.co_filename) or ("", set())
            here = {line for _, _, line in code.co_lines() if line in wanted} if wanted else set()
            known = self._left[id(code)] = (code, file, here)
        return known

    def _file(self, name: str) -> tuple[str, set[int]] | None:
        if name not in self._files:
            path = os.path.realpath(name)
            found = self._wanted.get(path)
            if found is None and _REMOTE_CODE in path:
                copies = [pair for pair in self._wanted.values() if Path(pair[0]).name == Path(path).name]
                found = copies[0] if len(copies) == 1 else None
            self._files[name] = found
        return self._files[name]
