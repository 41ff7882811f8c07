"""Runs the checks on a port, one after the other, in a scratch folder that is gone afterwards."""

from __future__ import annotations

import json
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from porter import __version__
from porter.errors import UsageError
from porter.harness import reference
from porter.harness.case import Case
from porter.harness.checks import Check, all_checks
from porter.harness.checks.lines import NAME as LINES
from porter.harness.child import Limits
from porter.harness.evidence import Evidence
from porter.harness.result import Outcome, Result
from porter.harness.stage import Stage
from porter.harness.written_lines import watched
from porter.lock import LOCK_NAME, Lock, LockedTarget, facts, read
from porter.own import FOLDER
from porter.settings import Verify
from porter.targets.catalog import resolve

Say = Callable[[str], None]

_READ_ONLY = ("static", "edits")  # checks that run nothing of the repository
_PACKAGES = ("torch", "transformers", "numpy")


@dataclass(frozen=True)
class Wish:
    """What a person asked for on the command line."""

    port: Path
    original: Path | None = None
    device: str = "auto"
    only: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    python: str = sys.executable
    limits: Limits = field(default_factory=Limits)
    settings: Verify = field(default_factory=Verify)
    pythonpath: str = ""
    devices: int = 1
    target: str = ""  # which, for a port that serves several
    ran: bool = False  # whether a command was given on the command line


def verify(wish: Wish, say: Say) -> Evidence:
    """All checks, or those that were asked for, and what they showed."""
    port, original = _folders(wish)
    lock = _for_target(read(port / LOCK_NAME), wish.target)
    checks = _chosen(wish)
    dynamic = any(check.NAME not in _READ_ONLY for check in checks)
    versions = _versions(wish.python) if dynamic else {}
    with tempfile.TemporaryDirectory(prefix="porter-verify-", ignore_cleanup_errors=True) as folder:
        target = f"{lock.target.name}@{lock.target.version}"
        stage = Stage(Path(folder).resolve(), port, original, target, wish.python, wish.limits, wish.pythonpath)
        stage.compiled, stage.devices = _compiled(), wish.devices
        missing = _choose_device(stage, wish) if dynamic else ""
        if dynamic and not missing and not stage.real:
            _check_torch(versions["torch"], wish.python)
        stage.recorded = reference.read(port / FOLDER)
        case = Case(stage, lock, wish.commands, wish.settings)
        if dynamic and not missing and any(check.NAME == LINES for check in checks):
            stage.watched = watched(case)
        results = tuple(result for check in checks for result in _run(check, case, missing, say))
        return Evidence(
            subject={
                "name": lock.upstream.name,
                "commit": lock.upstream.commit,
                "target": target,
                "device": "real" if stage.real or wish.device == "real" else "simulated",
            },
            versions={"porter": __version__, "Python": platform.python_version(), **versions},
            bounds=_bounds(stage, dynamic and not missing),
            totals=dict(sorted(stage.totals.items())),
            checks={check.NAME: _means(check, stage) for check in checks},
            results=results,
            answers=stage.answers,
        )


def _means(check: Check, stage: Stage) -> tuple[str, str]:
    from porter.harness.real import means

    return means(check, check.NAME not in _READ_ONLY) if stage.real else (check.PROVES, check.CANNOT)


def _for_target(lock: Lock, name: str) -> Lock:
    """The lock as that of a port to one of the targets that it serves."""
    served = served_by(lock)
    if not name or name in (lock.target.name, served[0]):
        return lock
    spec = next((each for each in served if name in (each, each.partition("@")[0])), "")
    if not spec:
        raise UsageError(f"This port serves {', '.join(served)}, and not {name}; name one of those with --target.")
    target, _ = resolve(spec)
    beside = [each for each in served if each != spec]
    locked = LockedTarget(target.name, target.version, target.torch, facts(target.name))
    return replace(lock, target=locked, options={**lock.options, "beside": beside})


def served_by(lock: Lock) -> list[str]:
    """The targets of a port, with their versions."""
    return [f"{lock.target.name}@{lock.target.version}", *map(str, lock.options.get("beside", ()))]


def _check_torch(version: str, python: str) -> None:
    from porter.sim.torch_here import OLDEST

    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if found < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise UsageError(
            f"{python} has torch {version}, too old to be simulated on; name a Python with {needed} or newer."
        )


def _choose_device(stage: Stage, wish: Wish) -> str:
    """Decides on the real or the simulated device; why the one that was asked for is not to be had."""
    from porter.harness.real import why_none
    from porter.sim import facts

    if stage.name not in facts.targets():
        return f"{stage.name} cannot be simulated; the simulated devices are {', '.join(facts.targets())}."
    if wish.device == "sim":
        return ""
    why = why_none(wish.python, facts.load(stage.name))
    stage.real = not why
    return f"There is no real device: {why}." if why and wish.device == "real" else ""


def _folders(wish: Wish) -> tuple[Path, Path | None]:
    port = wish.port.resolve()
    if not (port / LOCK_NAME).is_file():
        raise UsageError(f"{wish.port} is no port: it has no {LOCK_NAME}; name a folder that `porter migrate` wrote.")
    if wish.original is not None and not wish.original.is_dir():
        raise UsageError(f"There is no folder {wish.original}; name the checkout that the port was made from.")
    if wish.original is not None and wish.original.resolve() == port:
        raise UsageError("--original is the port itself; name the checkout that it was made from.")
    return port, wish.original.resolve() if wish.original else None


def _chosen(wish: Wish) -> list[Check]:
    checks = all_checks()
    names = {check.NAME for check in checks}
    unknown = sorted(set(wish.only) - names)
    if unknown:
        raise UsageError(f"There is no check {unknown[0]!r}; the checks are {', '.join(c.NAME for c in checks)}.")
    for command in wish.commands:
        _check_command(command)
    if wish.ran and wish.only and "command" not in wish.only:
        raise UsageError("--run gives the check `command` its command, and --only leaves that out; name it, too.")
    strange = sorted(set(wish.settings.skip) - names)
    if strange:
        raise UsageError(f"[tool.porter.verify] leaves out {strange[0]!r}; the checks are {', '.join(sorted(names))}.")
    return [check for check in checks if not wish.only or check.NAME in wish.only]


def _check_command(command: str) -> None:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"The command {command!r} cannot be read ({error}); mend its quotes.") from error
    if not words:
        raise UsageError('A command to run is empty; write one such as "python train.py --device {device}".')


def _run(check: Check, case: Case, missing: str, say: Say) -> Iterable[Result]:
    left_out = case.settings.skip.get(check.NAME, "")
    if left_out:
        said = f"The repository's settings leave it out: {left_out}"
        results = [Result(check.NAME, "the port", Outcome.NOT_APPLICABLE, said)]
    elif check.NAME not in _READ_ONLY and missing:
        results = [Result(check.NAME, "the port", Outcome.NEEDS_DEVICE, missing)]
    else:
        results = list(check.run(case))
    for result in results:
        say(f"{result.check}: {result.outcome.value} ({result.subject})")
    return results


def _bounds(stage: Stage, ran: bool) -> tuple[str, ...]:
    if not ran:
        return ("Nothing of the repository was run.",)
    said = ["The repository's code was run, in processes of its own, on a simulated device (CPU memory and kernels)."]
    if stage.real:
        said = [
            "The repository's code was run, in processes of its own, on a real device.",
            f"It was compared with {stage.reference}, within bounds: nothing to the bit.",
        ]
    elif not stage.compiled:
        said.append("There is no C++ compiler here, so the slower device was used, and no original on simulated CUDA.")
    if stage.networks == {"none"}:
        said.append("Those processes had no network.")
    elif stage.networks:
        said.append("This system does not let a process give up its network: only offline variables were set.")
    return tuple(said)


def _versions(python: str) -> dict[str, str]:
    """What the children will import, asked of their interpreter; without torch there is nothing to run."""
    ask = (
        "import importlib.metadata as m, json, sys\n"
        "def v(n):\n try: return m.version(n)\n except m.PackageNotFoundError: return ''\n"
        f"print(json.dumps({{n: v(n) for n in {_PACKAGES!r}}}))"
    )
    try:
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False, timeout=60)
        found = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{python} is no Python that can be started; name another with --python.") from error
    if not found.get("torch"):
        raise UsageError("verify needs torch: install porter[verify], or name a Python that has it with --python.")
    return {name: version for name, version in found.items() if version}


def _compiled() -> bool:
    from porter.sim.build import has_compiler
    from porter.sim.errors import SimulationError

    try:
        return has_compiler()
    except SimulationError:  # torch is in another interpreter, which can build as well
        return any(map(shutil.which, ("c++", "g++", "clang++")))
