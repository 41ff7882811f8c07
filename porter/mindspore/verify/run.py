"""`porter verify` of a port to MindSpore: the levels one after the other, and their evidence."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from porter import __version__
from porter.errors import UsageError
from porter.harness.child import Limits
from porter.harness.evidence import Evidence
from porter.harness.result import Outcome, Result
from porter.lock import LOCK_NAME, read
from porter.mindspore import environment
from porter.mindspore.family import named
from porter.mindspore.migrate import not_checked
from porter.mindspore.model_dir import Model, read_config, understood
from porter.mindspore.verify.levels import LEVELS, Level, Place

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What a person asked for on the command line."""

    port: Path
    original: Path | None
    only: tuple[str, ...]
    torch_python: str
    mindspore_python: str
    download: bool
    limits: Limits = field(default_factory=Limits)
    pythonpath: str = ""


def verify(wish: Wish, say: Say) -> Evidence:
    """All levels, or those that were asked for."""
    port = wish.port.resolve()
    lock = read(port / LOCK_NAME)
    model = _model(port, str(lock.options.get("family", "")))
    levels = _chosen(wish.only)
    python = ""
    if any(level.needs_mindspore for level in levels):
        python = environment.find(wish.mindspore_python, wish.download, say)
    versions = environment.versions(python) if python else {}
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="porter-verify-", ignore_cleanup_errors=True) as scratch:
        home = Path(scratch).resolve()
        place = Place(
            port, wish.original, model, home, wish.torch_python, python, wish.limits, versions, wish.pythonpath
        )
        for level in levels:
            results += _run(level, place, say)
        torch_version = place.torch_version
    if not wish.only:
        results += [Result("hardware", "NOT CHECKED", Outcome.NEEDS_DEVICE, text) for text in not_checked()]
    return Evidence(
        subject={
            "name": lock.upstream.name,
            "commit": "",
            "target": f"mindspore@{lock.target.version}",
            "device": "CPU",
        },
        versions={"porter": __version__, "Python": platform.python_version(), **torch_version, **versions},
        bounds=(
            "A tiny model with the traits of the real one was run on a CPU in float32, in processes of their own.",
            "Levels that name hardware were NOT CHECKED.",
        ),
        checks={name: words for level in levels for name, words in level.checks.items()} | _HARDWARE,
        results=tuple(results),
    )


_HARDWARE = {"hardware": ("nothing", "anything: it is the list of what needs hardware")}


def _run(level: Level, place: Place, say: Say) -> list[Result]:
    if level.needs_mindspore and not place.mindspore_python:
        results = [Result(level.name, "the port", Outcome.NOT_APPLICABLE, environment.needed())]
    else:
        results = level.run(place)
    for result in results:
        say(f"{result.check}: {result.outcome.value} ({result.subject})")
    return results


def _chosen(only: tuple[str, ...]) -> list[Level]:
    names = [level.name for level in LEVELS]
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise UsageError(f"There is no check {unknown[0]!r} for mindspore; the checks are {', '.join(names)}.")
    return [level for level in LEVELS if not only or level.name in only]


def _model(port: Path, family: str) -> Model:
    if not family:
        raise UsageError(f"{port / LOCK_NAME} names no family of models; port again.")
    return understood(read_config(port / "model"), named(family))
