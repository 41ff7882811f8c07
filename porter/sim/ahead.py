"""Builds the extension for an interpreter, which may be another than this one and needs nothing of porter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from . import build, shims
from .errors import SAID, SimulationError


def build_for(python: str, target: str = "") -> Iterator[str]:
    """A line for each library that was built, or that was there."""
    names = build.libraries(target.partition("@")[0])
    if _is_this(python):
        yield from build.ahead(names)
        return
    folder = shims.write(target or "cuda", python)  # the library as files, so that nothing else comes onto the path
    env = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [python, "-m", "portersim.build", *names], env=env, capture_output=True, text=True, check=False
    )
    yield from done.stdout.splitlines()
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SimulationError(said.removeprefix(SAID))


def _is_this(python: str) -> bool:
    return Path(python).absolute() == Path(sys.executable).absolute()
