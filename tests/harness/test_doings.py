"""Ports that print what the original prints and yet do something else: told by what the device was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from porter.harness.result import Outcome

from .conftest import Port, Verify, original, seed
from .test_bugs import failed

Seeded = Callable[..., tuple[Path, str]]
ONE = "python train.py --max_iters=1"
TWO = "torchrun --standalone --nproc_per_node=2 train.py --max_iters=1"
RANK = "    device = f'npu:{ddp_local_rank}'\n"


def test_weights_that_only_the_checkpoint_shows(seeded: Seeded, verify: Verify) -> None:
    """The loss is printed before the step, and of the checkpoint, which is no text, the name alone is compared."""
    folder, _ = seeded("minimal-gpt", "npu", "train.py", "beta1, beta2 = 0.9, 0.95", "beta1, beta2 = 0.9, 0.99")
    seed(folder / "train.py", "optimizer.zero_grad(set_to_none=True)", "optimizer.zero_grad()", "train.py")
    command = "python train.py --max_iters=11"
    said = failed(verify(folder, original("minimal-gpt"), "command", command=command))
    assert "npu computes something else" in said or "The original prints" in said


def test_other_weights_of_the_same_loss(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "mlu", "train.py", "weight_decay = 1e-1", "weight_decay = 2e-1")
    said = failed(verify(folder, original("minimal-gpt"), "command", command=ONE))
    assert "mlu computes something else" in said
    assert "train.py:" in said


def test_a_model_that_computes_on_the_cpu_in_between(seeded: Seeded, verify: Verify) -> None:
    """Its outputs are equal to the bit."""
    done = "return x + self.mlp(self.ln_2(x))"
    folder, place = seeded(
        "minimal-gpt", "npu", "model.py", done, "return (x.cpu() + self.mlp(self.ln_2(x)).cpu()).npu()"
    )
    said = failed(verify(folder, original("minimal-gpt"), "forward"))
    assert f"{place} computes aten::add on the CPU" in said


def test_a_wait_that_is_left_out(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "npu", "train.py", "            torch.npu.synchronize()\n", "            pass\n")
    said = failed(verify(folder, original("minimal-gpt"), "command", command=ONE))
    assert "asks npu for less: synchronize 1 → 0" in said


def test_all_processes_on_the_first_card(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "mlu", "train.py", RANK.replace("npu", "mlu"), "    device = 'mlu:0'\n")
    seed(folder / "train.py", "DDP(model, device_ids=[ddp_local_rank])", "DDP(model)", "train.py")
    said = failed(verify(folder, original("minimal-gpt"), "command", command=TWO, devices=2))
    assert "on card 1" in said or "exit code" in said.lower()


@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_a_correct_port_does_the_same(target: str, port: Port, verify: Verify) -> None:
    commands = ("python train.py --max_iters=2", "python bench.py")
    results = verify(port("minimal-gpt", target), original("minimal-gpt"), "command", commands=commands)
    assert [result.outcome for result in results] == [Outcome.PASS] * 2, results
