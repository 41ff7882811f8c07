"""Ports in the agnostic style, run: on the CPU they print what the original prints there, and devices work, too."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from porter.cli import porter
from porter.errors import UsageError

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
        words = ["migrate", str(FIXTURES / case / "in"), "-t", "npu,mlu", "--style", "agnostic"]
        words += ["--out", str(home / case)]
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


@pytest.mark.parametrize("case", PROGRAMS)
def test_on_every_device_the_port_prints_what_the_original_prints_on_cuda(case: str, ports: Path) -> None:
    wanted = run(ports / f"{case}-original", case, "cuda")
    assert wanted
    for device in ("cuda", "npu", "mlu"):
        printed = run(ports / case, case, device)
        assert [re.sub(rf"\b{device}\b", "cuda", line) for line in printed] == wanted, device


@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_verify_takes_the_target_of_a_port_that_serves_several(target: str, ports: Path, tmp_path: Path) -> None:
    port, wanted = ports / "minimal-gpt", ("static", "edits", "import", "forward", "train-step")
    words = ["verify", str(port), "--original", str(ports / "minimal-gpt-original"), "-t", target, "--format", "json"]
    words += [word for check in wanted for word in ("--only", check)]
    done = CliRunner().invoke(porter, [*words, "-q", "--evidence", str(tmp_path)], standalone_mode=False)
    assert done.exception is None
    told = json.loads(done.stdout)
    assert told["subject"]["target"].startswith(f"{target}@")
    assert {(each["check"], each["outcome"]) for each in told["results"]} == {(check, "pass") for check in wanted}


def test_verify_names_the_targets_that_a_port_serves(ports: Path) -> None:
    done = CliRunner().invoke(porter, ["verify", str(ports / "minimal-gpt"), "-t", "xpu", "-q"], standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert "mlu@" in str(done.exception)
