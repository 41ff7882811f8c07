"""Starts a recipe here, on the device or on a simulated one, and leaves nothing running when it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porter.errors import UsageError
from porter.recipes.answer import answers
from porter.recipes.order import Filled, Order

Say = Callable[[str], None]

_PATIENCE = 10  # seconds between asking a process to end and ending it


@dataclass(frozen=True)
class Started:
    """A step that runs in the background."""

    step: Filled
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def tail(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])
        return ""


def start(order: Order, env: Mapping[str, str], logs: Path, *, smoke: bool, say: Say) -> int:
    """Run the recipe to its end, or until it is interrupted; the exit code of what failed, else 0."""
    logs.mkdir(parents=True, exist_ok=True)
    with _together() as running:
        for number, step in enumerate(order.steps, 1):
            say(f"[{number}/{len(order.steps)}] {step.name}: {' '.join(step.command)}")
            if step.ready is None:
                code = _to_the_end(order, step, env)
                if code:
                    return _failed(f"{step.name} ended with {code}.", "", say, code)
                continue
            started = _in_background(order, step, env, logs)
            running.append(started)
            trouble = _until_ready(started)
            if trouble:
                return _failed(trouble, started.tail, say)
            say(f"      ready; its log is {started.log}")
        if smoke:
            return _smoke(order, say)
        if running:
            if order.recipe.url:
                say(f"Open {order.fill(order.recipe.url)}. Ctrl-C stops all.")
            return _watch(running, say)
    return 0


@contextmanager
def _together() -> Iterator[list[Started]]:
    """What is appended ends when this does, all of it, however this ends."""
    running: list[Started] = []
    try:
        yield running
    finally:
        for started in reversed(running):
            _signal(started, signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        for started in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.process.wait(max(0.0, until - time.monotonic()))
            _signal(started, signal.SIGKILL)
            started.process.wait()


def _signal(started: Started, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(started.process.pid, what)


def _to_the_end(order: Order, step: Filled, env: Mapping[str, str]) -> int:
    try:
        return subprocess.run(step.command, cwd=order.repo, env={**env, **step.env}, check=False).returncode
    except OSError as error:
        raise UsageError(_unstartable(order, step, error)) from error


def _in_background(order: Order, step: Filled, env: Mapping[str, str], logs: Path) -> Started:
    log = logs / f"{step.name}.log"
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                step.command,
                cwd=order.repo,
                env={**env, **step.env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(_unstartable(order, step, error)) from error
    return Started(step, process, log)


def _unstartable(order: Order, step: Filled, error: OSError) -> str:
    needs = f"; the recipe needs: pip install {' '.join(order.recipe.packages)}" if order.recipe.packages else ""
    return f"{step.command[0]} cannot be started: {error.strerror}{needs}."


def _until_ready(started: Started) -> str:
    """What went wrong before the step was ready, or nothing."""
    ready = started.step.ready
    assert ready is not None
    until = time.monotonic() + ready.seconds
    while time.monotonic() < until:
        if started.process.poll() is not None:
            return f"{started.step.name} ended with {started.process.returncode} before it was ready."
        if answers(ready.http, "" if ready.post else None, ready.holds):
            return ""
        time.sleep(0.3)
    return f"{started.step.name} was not ready after {ready.seconds} seconds."


def _watch(running: list[Started], say: Say) -> int:
    while True:
        for started in running:
            if started.process.poll() is not None:
                return _failed(f"{started.step.name} ended with {started.process.returncode}.", started.tail, say)
        time.sleep(0.5)


def _smoke(order: Order, say: Say) -> int:
    for ask in order.smoke:
        found = answers(ask.http, ask.body or None, ask.holds, seconds=300)
        if found is None:
            return _failed(f"No good answer from {ask.http}.", "", say)
        say(f"{ask.http} answers: {' '.join(found.split())[:300]}")
    return 0


def _failed(what: str, tail: str, say: Say, code: int = 1) -> int:
    """Say what went wrong, the end of the log, and what is known of it."""
    from porter.diagnosis.match import diagnose
    from porter.diagnosis.show import in_a_line

    say(what)
    if tail:
        say("\n".join(f"    {line}" for line in tail.splitlines()))
    known = in_a_line(diagnose(tail))
    if known:
        say(f"Explained: {known}")
    return code if 0 < code < 126 else 1
