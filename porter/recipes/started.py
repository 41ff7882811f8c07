"""The processes of a recipe: those in the background with a log each, and the one that has the terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from porter.errors import UsageError
from porter.marked import end_marked
from porter.recipes.order import Filled, Order

_MARK = "PORTER_RUN"
_PATIENCE = 8  # seconds for each way of asking a process to end
_TERMINATED = 128 + signal.SIGTERM


@dataclass(frozen=True)
class Started:
    """A step that runs. All that it prints to its error output, in the background all that it prints, is in the log."""

    step: Filled
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """The whole log."""
        with contextlib.suppress(OSError):
            return self.log.read_text(encoding="utf-8", errors="replace")
        return ""


@dataclass
class Together:
    """What was started for one order. It ends together."""

    order: Order
    env: Mapping[str, str]
    logs: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: list[Started] = field(default_factory=list)

    def in_background(self, step: Filled) -> Started:
        """Starts the step with a log in the place of the terminal."""
        log = self.logs / f"{step.name}.log"
        with log.open("wb") as out:
            made = self._start(step, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, group=True)
        started = Started(step, made, log)
        self.running.append(started)
        return started

    def to_the_end(self, step: Filled) -> Started:
        """Runs the step on the terminal until it ends. Its errors are shown, and kept to be explained."""
        log = self.logs / f"{step.name}.log"
        process = self._start(step, stderr=subprocess.PIPE)
        started = Started(step, process, log)
        assert process.stderr is not None
        copying = threading.Thread(target=_copy, args=(process.stderr, log), daemon=True)
        copying.start()
        try:
            process.wait()
        finally:
            if process.poll() is None:  # interrupted; on a terminal it was, too
                _end([started], whole_group=False)
            copying.join(_PATIENCE)
        return started

    def end(self) -> None:
        """Ends all of it, what left its group included."""
        _end(self.running, whole_group=True)
        for started in self.running:  # what the first of a group left behind
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(started.process.pid, signal.SIGKILL)
        end_marked(_MARK, self.mark)

    def _start(
        self,
        step: Filled,
        stdin: int | None = None,
        stdout: IO[bytes] | None = None,
        stderr: int | None = None,
        group: bool = False,
    ) -> subprocess.Popen[bytes]:
        env = {**self.env, **step.env, _MARK: self.mark}
        try:
            return subprocess.Popen(
                step.command,
                cwd=self.order.repo,
                env=env,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=group,
            )
        except OSError as error:
            needed = self.order.recipe.packages
            needs = f"; the recipe needs: pip install {' '.join(needed)}" if needed else ""
            raise UsageError(f"{step.command[0]} cannot be started: {error.strerror}{needs}.") from error


@contextmanager
def together(order: Order, env: Mapping[str, str], logs: Path) -> Iterator[Together]:
    """However the block ends, also by a signal that asks porter to end, nothing of it is left running."""
    logs.mkdir(parents=True, exist_ok=True)
    started = Together(order, env, logs)
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _terminated) if in_main else None
    try:
        yield started
    finally:
        started.end()
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _terminated(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(_TERMINATED)


def _end(running: list[Started], *, whole_group: bool) -> None:
    """Asks as Ctrl-C does, which programs expect; then as a system does that shuts down; then not any more."""
    for way in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        left = [started for started in reversed(running) if started.process.poll() is None]
        for started in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(started.process.pid, way) if whole_group else started.process.send_signal(way)
        until = time.monotonic() + _PATIENCE
        for started in left:
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.process.wait(max(0.0, until - time.monotonic()))


def _copy(source: IO[bytes], log: Path) -> None:
    """Shows what comes and keeps it, piece by piece as it comes."""
    shown = getattr(sys.stderr, "buffer", None)
    with log.open("wb") as kept:
        while piece := os.read(source.fileno(), 65536):
            kept.write(piece)
            kept.flush()
            if shown is not None:
                shown.write(piece)
                shown.flush()
