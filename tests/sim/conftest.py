"""Runs snippets and test files under the simulated device, each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The simulator needs torch. Without it there is nothing to test here, but CI installs it and must not pass by skipping.
if importlib.util.find_spec("torch") is None and "CI" not in os.environ:
    collect_ignore_glob = ["*"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def simulate(tmp_path: Path) -> Run:
    """simulate("npu", code or a command, "--devices", "2"): the finished process."""

    def run(target: str, what: str | list[str], *options: str, **env: str) -> subprocess.CompletedProcess[str]:
        if isinstance(what, str):
            script = tmp_path / "script.py"
            script.write_text(textwrap.dedent(what), encoding="utf-8")
            what = [str(script)]
        command = [sys.executable, "-m", "porter.sim.run", "--target", target, *options, *what]
        path = filter(None, [str(ROOT), env.pop("PYTHONPATH", ""), os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, **env, "PYTHONPATH": os.pathsep.join(path)}
        return subprocess.run(
            command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=300, check=False
        )

    return run
