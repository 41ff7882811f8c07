"""Starts a recipe here, on the device or on a simulated one, and leaves nothing running when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from porter.recipes.answer import answers
from porter.recipes.order import Order
from porter.recipes.ran import ran
from porter.recipes.started import Started, Together, together

Say = Callable[[str], None]

_SHOWN = 30  # lines of a log


def start(order: Order, env: Mapping[str, str], logs: Path, *, smoke: bool, say: Say) -> int:
    """Run the recipe to its end, or until it is interrupted; the exit code of what failed, else 0."""
    try:
        with together(order, env, logs) as started:
            return _all(order, started, smoke, say)
    finally:
        figures = ran(logs, order.values["device"])
        if figures:
            say(figures)


def _all(order: Order, started: Together, smoke: bool, say: Say) -> int:
    for number, step in enumerate(order.steps, 1):
        say(f"[{number}/{len(order.steps)}] {step.name}: {' '.join(step.command)}")
        if step.ready is None:
            done = started.to_the_end(step)
            code = done.process.returncode
            if code:
                return _failed(order, f"{step.name} ended with {code}.", done, say, code, shown=True)
            continue
        one = started.in_background(step)
        trouble = _until_ready(one)
        if trouble:
            return _failed(order, trouble, one, say)
        say(f"      ready; its log is {one.log}")
    if smoke:
        return _smoke(order, started, say)
    if started.running:
        if order.recipe.url:
            say(f"Open {order.fill(order.recipe.url)}. Ctrl-C stops all.")
        return _watch(order, started, say)
    return 0


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


def _watch(order: Order, started: Together, say: Say) -> int:
    while True:
        for one in started.running:
            if one.process.poll() is not None:
                return _failed(order, f"{one.step.name} ended with {one.process.returncode}.", one, say)
        time.sleep(0.5)


def _smoke(order: Order, started: Together, say: Say) -> int:
    for ask in order.smoke:
        found = answers(ask.http, ask.body or None, ask.holds, seconds=300)
        if found is None:
            return _failed(order, f"No good answer from {ask.http}.", None, say, logs=started.running)
        say(f"{ask.http} answers: {' '.join(found.split())[:300]}")
    return 0


def _failed(
    order: Order,
    what: str,
    of: Started | None,
    say: Say,
    code: int = 1,
    *,
    shown: bool = False,
    logs: list[Started] | None = None,
) -> int:
    """Say what went wrong, the end of the log unless it was shown, and what is known of it."""
    from porter.diagnosis.match import diagnose, targets
    from porter.diagnosis.show import in_a_line

    said = "\n".join(one.said for one in ([of] if of else logs or []))
    say(what)
    if said and not shown:
        say("\n".join(f"    {line}" for line in said.splitlines()[-_SHOWN:]))
    known = in_a_line(diagnose(said, order.target if order.target in targets() else None))
    if known:
        say(f"Explained: {known}")
    return code if 0 < code < 126 else 1
