"""Runs the checks of `porter verify` on a port, the cheapest first, until one sees that something is wrong."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reach import behind

from porter.harness.case import Case
from porter.harness.checks import all_checks
from porter.harness.child import Ended, Limits
from porter.harness.result import RED, Outcome, Result
from porter.harness.stage import ORIGINAL, Answer, Stage
from porter.harness.written_lines import watched
from porter.lock import LOCK_NAME, read

COMMAND = "command"
UNSAID = ("edits", "lines")  # what sees that somebody edited the port, not what the edit does: asked last
READING = ("static", "import")  # what looks at every file
LIMITS = Limits(seconds=120)


@dataclass(frozen=True)
class Verdict:
    """The check that saw it and what it said; both empty for a port without alarm. `passed`: what was shown."""

    check: str = ""
    said: str = ""
    passed: tuple[str, ...] = ()


@dataclass
class Remembering(Stage):
    """A stage on which one port after the other is tried: what the original answers is asked once."""

    remembered: dict[str, Any] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)  # of a command: the second run is there to differ

    def show(self, port: Path, devices: int) -> None:
        """Another port; what an earlier one left is gone."""
        self.port, self.devices = port, devices
        self.runs.clear()
        self.ran.clear()
        for name in ("port", "command-port"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)

    def probe(self, side: str, name: str, order: Mapping[str, Any], *how: Any, **more: Any) -> Answer:
        if side != ORIGINAL:
            return super().probe(side, name, order, *how, **more)
        key = f"{name} {dict(order)} {how} {more}"
        if key not in self.remembered:
            self.remembered[key] = super().probe(side, name, order, *how, **more)
        return self.remembered[key]

    def run(
        self, side: str, command: list[str], cwd: Path, *how: Any, **more: Any
    ) -> tuple[Ended, list[dict[str, Any]]]:
        if side != ORIGINAL or "porter_probes" in command:
            return super().run(side, command, cwd, *how, **more)
        self.runs[str(command)] += 1
        key = f"{command} {self.devices} {how} {more} {self.runs[str(command)]}"
        if key not in self.remembered:
            self.remembered[key] = super().run(side, command, cwd, *how, **more)
        return self.remembered[key]


_stages: dict[tuple[Path, str], Remembering] = {}


def examine(port: Path, original: Path, commands: list[dict[str, str]], file: str = "") -> Verdict:
    """The first check that fails. `file`: what cannot reach it is left out, for it would say what it says anyway."""
    passed: list[str] = []
    for check, results in _checked(port, original, commands, file):
        bad = [result for result in results if result.outcome in RED]
        if bad:
            return Verdict(check, bad[0].detail, tuple(passed))
        passed += [f"{check} {result.subject}" for result in results if result.outcome is Outcome.PASS]
    return Verdict(passed=tuple(passed))


def _case(port: Path, original: Path) -> Case:
    lock = read(port / LOCK_NAME)
    target = f"{lock.target.name}@{lock.target.version}"
    if (original, target) not in _stages:
        scratch = Path(tempfile.mkdtemp(prefix="porter-mutants-stage-")).resolve()
        _stages[original, target] = Remembering(scratch, port, original, target, limits=LIMITS)
    stage = _stages[original, target]
    stage.show(port, 1)
    case = Case(stage, lock)
    stage.watched = watched(case)
    return case


def _checked(
    port: Path, original: Path, commands: list[dict[str, str]], file: str
) -> Iterator[tuple[str, list[Result]]]:
    case = _case(port, original)
    models = " ".join(model.file for model in case.models)
    concerned = not file or file in behind(models.replace(".py", ""), port)
    checks = {check.NAME: check for check in all_checks()}
    for name, check in checks.items():
        if name in READING or (concerned and name not in (COMMAND, *UNSAID)):
            yield name, list(check.run(case))
    for command in commands:
        if not file or file in behind(command["run"], port):
            assert isinstance(case.stage, Remembering)
            case.stage.devices = int(command.get("devices", 1))
            case.commands = (command["run"],)
            yield COMMAND, list(checks[COMMAND].run(case))
    case.commands = tuple(command["run"] for command in commands)
    for name in UNSAID:
        yield name, list(checks[name].run(case))


def clear() -> None:
    """Removes the folders of the stages."""
    for stage in _stages.values():
        shutil.rmtree(stage.scratch, ignore_errors=True)
