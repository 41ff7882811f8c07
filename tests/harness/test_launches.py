"""Shell, settings and containers of a port: they can still be read, and their command lines fit their programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from porter.harness.launches import misfits
from porter.harness.result import Outcome
from porter.harness.sources import read
from porter.lock import LOCK_NAME, digest

from .conftest import Port, Verify, original
from .test_bugs import failed

Seeded = Callable[..., tuple[Path, str]]


@pytest.mark.parametrize(
    ("case", "file", "old", "new", "said"),
    [
        ("artefacts", "train.py", 'choices=["npu", "cpu"]', 'choices=["cpu"]', "--device npu, and it takes cpu"),
        ("artefacts", "Makefile", "DEVICE ?= npu", "DEVICE ?= gpu", "--device gpu, and it takes cpu, npu"),
        ("artefacts", "scripts/run.sh", "--steps 5", "--step_count 5", "--step_count, an option that it does not have"),
        ("launcher", "tools/run_all.py", '"--platform", "npu"', '"--platform", "gpu"', "--platform gpu"),
        ("chatglm2-6b", "ptuning/train.sh", "--pre_seq_len $", "--pre_seq_length $", "--pre_seq_length"),
        ("artefacts", "conf/config.yaml", 'backend:   "hccl"', 'backend:   "hccl', "conf/config.yaml can no longer"),
        ("artefacts", "run.toml", "device   = 'npu'", "device   = npu", "run.toml can no longer be read"),
        ("artefacts", "scripts/run.sh", "|| true\nfi\n", "|| true\n", "scripts/run.sh can no longer be read"),
        ("artefacts", "requirements.txt", "tqdm  # bars", "tqdm = 4", "requirements.txt can no longer be read"),
        ("artefacts", "Dockerfile", '"hccl"]', '"hccl"', "the list of its CMD is not closed"),
        ("detector", "docker/Dockerfile", "RUN pip", "RN pip", "RN is no instruction"),
        ("artefacts", "settings.jsonc", '"device": "npu"', '"device": "npu', "settings.jsonc can no longer be read"),
        ("artefacts", "demo.ipynb", '    "import torch_npu\\n",\n', "", "demo.ipynb no longer imports torch_npu"),
    ],
)
def test_what_does_not_fit(case: str, file: str, old: str, new: str, said: str, seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded(case, "npu", file, old, new)
    assert said in failed(verify(folder, original(case), "static"))


@pytest.mark.parametrize(
    "case", ["artefacts", "launcher", "chatglm2-6b", "detector", "baichuan-7b", "baichuan2", "nasty"]
)
@pytest.mark.parametrize("target", ["npu", "mlu", "musa"])
def test_correct_ports_fit(case: str, target: str, port: Port, verify: Verify) -> None:
    (result,) = verify(port(case, target), original(case), "static")
    assert result.outcome is Outcome.PASS, (result.detail, result.notes)


def test_what_never_fitted_is_no_fault_of_the_port(tmp_path: Path) -> None:
    for side in ("before", "after"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "run.sh").write_text("python train.py --lost 1 --mode fast\n", encoding="utf-8")
    text = 'import argparse\np = argparse.ArgumentParser()\np.add_argument("--mode", choices=["fast", "slow"])\n'
    (tmp_path / "before" / "train.py").write_text(text, encoding="utf-8")
    (tmp_path / "after" / "train.py").write_text(text.replace('"fast", ', ""), encoding="utf-8")
    before, after = tmp_path / "before", tmp_path / "after"
    assert list(misfits(before, read(before), before, read(before), {})) == []
    (said,) = misfits(after, read(after), before, read(before), {})
    assert said == "run.sh starts train.py with --mode fast, and it takes slow"


def test_a_lock_that_was_edited(seeded: Seeded, verify: Verify) -> None:
    """An edit does not become porter's by its digest."""
    folder, _ = seeded("artefacts", "npu", "Makefile", "DEVICE ?= npu", "DEVICE ?= gpu")
    lock = json.loads((folder / LOCK_NAME).read_text(encoding="utf-8"))
    for part in ("files", "tree"):
        if "Makefile" in lock[part]:
            lock[part]["Makefile"] = digest((folder / "Makefile").read_bytes())
    (folder / LOCK_NAME).write_text(json.dumps(lock), encoding="utf-8")
    assert "Makefile is as porter.lock has it" in failed(verify(folder, original("artefacts"), "edits"))
