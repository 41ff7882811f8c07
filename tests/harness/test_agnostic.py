"""Ports in the agnostic style, run: on the CPU they print what the original prints there, and devices work, too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from porter.cli import porter

FIXTURES = Path(__file__).parents[2] / "fixtures"
GPT = ["train.py", "config/train_tiny.py", "--dtype=float32"]
DETECTOR = ["main.py", "--no_cuda_ops", "--epochs", "1"]
CHAT = ["main.py", "--pre_seq_len", "4", "--max_steps", "2"]
PROGRAMS = {"minimal-gpt": (GPT, "."), "detector": (DETECTOR, "."), "chatglm2-6b": (CHAT, "ptuning")}
# How a person makes the original run on the CPU: by an option, or, where there is no CUDA, by nothing.
ON_CPU = {"minimal-gpt": ["--device=cpu"], "detector": ["--device", "cpu"], "chatglm2-6b": []}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("agnostic")
    for case in PROGRAMS:
        shutil.copytree(FIXTURES / case / "in", home / f"{case}-original")
        words = ["migrate", str(FIXTURES / case / "in"), "-t", "npu", "--style", "agnostic", "--out", str(home / case)]
        porter.main([*words, "-q"], standalone_mode=False)
    return home


def run(folder: Path, case: str, device: str, *more: str) -> list[str]:
    """What a program prints, without the times in it."""
    words, place = PROGRAMS[case]
    simulated = ["-m", "porter.sim.run", "--target", device] if device else []
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": root}
    command = [sys.executable, *simulated, *words, *more]
    done = subprocess.run(
        command, cwd=folder / place, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    times = re.compile(r"(?i)(time:? +|eta: |data: )[\d.:]+ ?(ms|s)?( \([\d.]+\))?|\b[\d.]+ s / it|\d+:\d\d:\d\d")
    return [times.sub("time", line) for line in done.stdout.splitlines() if not line.startswith("Overriding: device")]


@pytest.mark.parametrize("case", PROGRAMS)
def test_on_the_cpu_the_port_prints_what_the_original_prints(case: str, ports: Path) -> None:
    wanted = run(ports / f"{case}-original", case, "", *ON_CPU[case])
    assert run(ports / case, case, "") == wanted != []


@pytest.mark.parametrize("device", ["npu", "cuda"])
@pytest.mark.parametrize("case", PROGRAMS)
def test_the_port_runs_on_a_simulated_device(case: str, device: str, ports: Path) -> None:
    printed = run(ports / case, case, device)
    assert printed
    assert case != "minimal-gpt" or any(line.endswith(f"device {device}") for line in printed)
