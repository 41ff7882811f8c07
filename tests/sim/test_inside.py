"""The tests of inside/, run under each simulated device: one process per target, as torch demands."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Run

INSIDE = Path(__file__).parent / "inside"


@pytest.mark.parametrize("target", ["npu", "mlu", "musa", "cuda"])
def test_inside(simulate: Run, target: str) -> None:
    quick = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning", str(INSIDE)]
    done = simulate(target, quick, "--devices", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_inside_without_a_compiler(simulate: Run) -> None:
    what = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not compiled", str(INSIDE)]
    done = simulate("npu", what, "--without-compiler", CXX="no-such-compiler")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_cannot_be_without_a_compiler_is_said(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        import torch
        for call in (
            lambda: torch.autocast("npu").__enter__(),
            lambda: torch.nn.LSTM(2, 2).npu()(torch.ones(1, 1, 2).npu()),
            lambda: torch.ones(1, device="npu:1"),
        ):
            try:
                call()
                print("nothing was said")
            except (NotImplementedError, RuntimeError) as error:
                print(str(error).splitlines()[0])
        """,
        "--without-compiler",
    )
    autocast, lstm, second = done.stdout.splitlines()
    assert "autocast needs the compiled device" in autocast
    assert "LSTM and GRU layers need the compiled device" in lstm
    assert "invalid npu device index 1" in second
    done = simulate("npu", "import torch", "--without-compiler", "--devices", "2")
    assert "without a C++ compiler one device is simulated" in done.stderr
