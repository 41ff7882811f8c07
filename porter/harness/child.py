"""Runs a command in a child process with a deadline and limits, and leaves nothing of it running."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from porter.marked import end_marked

_LAUNCHER = Path(__file__).with_name("limits.py")
_MARK = "PORTER_VERIFY"  # by this variable a process that left its group is found
_KEPT = 20_000  # characters of output that are kept, from its end
_OUT_OF_MEMORY = re.compile(r"MemoryError|can't allocate memory|std::bad_alloc|Cannot allocate memory")

# What a child may know of the person's environment: no token, no proxy, no home.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CXX", "CC", "SYSTEMROOT", "TERM")

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "WANDB_MODE": "disabled",
    "PIP_NO_INDEX": "1",
    "NO_PROXY": "127.0.0.1,localhost",
}
QUIET = {
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "BROWSER": "true",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use."""

    seconds: int = 300
    memory: int = 8 * 2**30


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that is over. `network` is `none` where the system let the child be cut off, else `open`."""

    code: int
    out: str
    err: str
    hung: bool
    seconds: float
    network: str

    @property
    def out_of_memory(self) -> bool:
        """Whether the memory limit is what ended it."""
        return self.code != 0 and bool(_OUT_OF_MEMORY.search(self.err[-4000:]))


def run(command: list[str], cwd: Path, variables: Mapping[str, str], scratch: Path, limits: Limits) -> Ended:
    """Runs the command to its end or its deadline; afterwards none of its processes is left."""
    mark = uuid.uuid4().hex
    place = scratch / f"run-{mark[:8]}"
    for folder in ("home", "tmp"):
        (place / folder).mkdir(parents=True)
    launch = [sys.executable, "-I", str(_LAUNCHER), str(limits.memory), str(limits.seconds), str(place / "network")]
    started = time.monotonic()
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        child = subprocess.Popen(
            [*launch, *command],
            cwd=cwd,
            env={**_environment(place), **variables, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            hung = not _ends_within(child, limits.seconds)
        finally:
            _end_all(child, mark)
    spent = time.monotonic() - started
    network = _text(place / "network") or "open"
    return Ended(child.returncode, _text(place / "out"), _text(place / "err"), hung, spent, network)


def _environment(place: Path) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    home, temporary = str(place / "home"), str(place / "tmp")
    homes = {"HOME": home, "USERPROFILE": home, "XDG_CACHE_HOME": f"{home}/.cache", "HF_HOME": f"{home}/hf"}
    return {**passed, **homes, "HF_MODULES_CACHE": f"{home}/modules", "TMPDIR": temporary, **OFFLINE, **QUIET}


def _ends_within(child: subprocess.Popen[bytes], seconds: int) -> bool:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end_all(child: subprocess.Popen[bytes], mark: str) -> None:
    """Ends the child's group, then all that carries the mark; where there is no /proc, the group has to do."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    end_marked(_MARK, mark)


def _text(path: Path) -> str:
    """The end of a file that a child wrote."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4 * _KEPT))
        return file.read().decode("utf-8", "replace")[-_KEPT:]
