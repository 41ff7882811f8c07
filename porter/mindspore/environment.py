"""The Python with MindSpore in it: made once in a cache, by a person's leave, from the versions that porter knows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec

from porter.data import folder
from porter.errors import UsageError

PLAIN, WHOLE = "mindspore", "mindformers"


class Stack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages that go into one environment, and what they cost."""

    requirements: tuple[str, ...]
    download: str
    disk: str


class MindSporeTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `rules/mindspore/target.yaml`."""

    target: str
    title: str
    module: str
    mindspore: str
    mindformers: str
    python: tuple[str, ...]
    stacks: dict[str, Stack]


@cache
def target() -> MindSporeTarget:
    import yaml

    path = folder("rules") / "mindspore" / "target.yaml"
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), MindSporeTarget)


def place() -> Path:
    """Where the environment of these versions lies."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache_home / "porter" / f"mindspore-{target().mindspore}-mindformers-{target().mindformers}"


def python_in(home: Path) -> Path:
    return home / "bin" / "python"


def find(named: str, may_download: bool, say: Callable[[str], None]) -> str:
    """The Python to use: the named one, the cached one, or, with leave, one that is made now; else ""."""
    if named:
        versions(named)
        return named
    if python_in(place()).is_file():
        return str(python_in(place()))
    if not may_download:
        return ""
    make(place(), target().stacks[WHOLE], say)
    return str(python_in(place()))


def needed() -> str:
    """What a person is told where there is none."""
    stack = target().stacks[WHOLE]
    return (
        f"There is no Python with MindSpore here. With --download porter makes one in {place()} "
        f"({' '.join(stack.requirements)}: {stack.download} to download, {stack.disk} on the disk); "
        "--mindspore PYTHON names one that you have."
    )


def make(home: Path, stack: Stack, say: Callable[[str], None]) -> None:
    """A virtual environment at `home`, there whole or not at all."""
    python = _python()
    what = " ".join(stack.requirements)
    say(f"Installing {what} into {home}: {stack.download} to download, {stack.disk} on the disk.")
    home.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
    try:
        _run([python, "-m", "venv", str(unfinished)], "make a virtual environment")
        pip = [str(python_in(unfinished)), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
        _run([*pip, *stack.requirements], "install MindSpore")
        (unfinished / "pyvenv.cfg").read_text(encoding="utf-8")
        unfinished.rename(home)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def versions(python: str) -> dict[str, str]:
    """Which packages a Python has; one without MindSpore, or with numpy 2, is refused."""
    import json

    ask = (
        "import importlib.metadata as m, json\n"
        "def v(n):\n try: return m.version(n)\n except m.PackageNotFoundError: return ''\n"
        "print(json.dumps({n: v(n) for n in ('mindspore', 'mindformers', 'numpy')}))"
    )
    try:
        done = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, check=False, timeout=60)
        found: dict[str, str] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{python} is no Python that can be started; name another with --mindspore.") from error
    if not found["mindspore"]:
        raise UsageError(f"{python} has no mindspore; name another with --mindspore, or let porter make one.")
    if not found["numpy"].startswith("1."):
        raise UsageError(f"{python} has numpy {found['numpy']}, with which MindSpore crashes: install 'numpy<2' there.")
    return {name: version for name, version in found.items() if version}


def _python() -> str:
    """A Python of a version that MindSpore has wheels for: this one, or one that is installed beside it."""
    known = target().python
    if "{}.{}".format(*sys.version_info[:2]) in known:
        return sys.executable
    found = next((where for each in reversed(known) if (where := shutil.which(f"python{each}"))), None)
    if found is None:
        raise UsageError(f"MindSpore {target().mindspore} needs Python {' or '.join(known)}; install one of them.")
    return found


def _run(command: list[str], what: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise UsageError(f"porter could not {what}: {said[-1] if said else 'no reason was given'}.")
