"""Tests that run inside a process with a simulated device; tests/sim/test_inside.py starts them for each target."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

# A test with the mark `compiled` needs what only the compiled device has.
TARGET = os.environ.get("PORTERSIM_TARGET", "")

if not TARGET:
    collect_ignore_glob = ["*"]
elif TARGET == "cuda":
    collect_ignore = ["test_leftovers.py"]
else:
    collect_ignore = ["test_original.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "compiled: needs the compiled device")


@pytest.fixture
def name() -> str:
    """The device type: npu, mlu, cuda."""
    return TARGET


@pytest.fixture
def ns() -> Any:
    """The device module: torch.npu, torch.mlu, torch.cuda."""
    import torch

    torch.set_num_threads(1)  # else a reduction in a thread of the autograd engine is split differently than on CPU
    if TARGET != "cuda":
        importlib.import_module(f"torch_{TARGET}")  # neither mlu's nor torch before 2.5 loads it by `import torch`
    return getattr(torch, TARGET)


@pytest.fixture(autouse=True)
def first_device(ns: Any) -> Any:
    """Every test begins and ends on device 0."""
    ns.set_device(0)
    yield
    ns.set_device(0)
