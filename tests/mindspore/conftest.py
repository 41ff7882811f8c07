"""The tests of the target MindSpore run where torch is; MindSpore itself is another Python, as it is for a user."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# CI installs both and must not pass by skipping.
if importlib.util.find_spec("torch") is None and "CI" not in os.environ:
    collect_ignore_glob = ["*"]


@pytest.fixture(scope="session")
def mindspore_python() -> str:
    """The Python that has mindspore: `make test-mindspore` names it."""
    named = os.environ.get("MINDSPORE_PYTHON", "")
    if not named and "CI" not in os.environ:
        pytest.skip("MINDSPORE_PYTHON names no Python with mindspore")
    assert named, "MINDSPORE_PYTHON must name a Python with mindspore in CI"
    return named
