"""Whose line it is: the repository's, a library's, or torch's for its caller."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

from porter.sim.sources import Sources


@pytest.mark.parametrize(
    "path, owned, owned_with_root",
    [
        ("/repo/train.py", True, True),
        ("/elsewhere/tool.py", True, False),
        ("/repo/.venv/lib/python3.11/site-packages/x.py", False, False),
        ("/home/me/.cache/huggingface/modules/transformers_modules/baichuan/modeling.py", True, True),
        ("<string>", False, False),
        (sys.modules["json"].__file__ or "", False, False),
    ],
)
def test_owns(path: str, owned: bool, owned_with_root: bool) -> None:
    assert Sources().owns(path) is owned
    assert Sources("/repo").owns(path) is owned_with_root


def through(filename: str) -> FrameType:
    """The frame of a function that stands in `filename` and was called from here."""
    scope: dict[str, object] = {"sys": sys}
    exec(compile("def call():\n    return sys._getframe()", filename, "exec"), scope)
    return scope["call"]()  # type: ignore[operator,no-any-return]


def test_thin_wrappers_of_torch_pass_the_question_on() -> None:
    sources = Sources(str(Path(__file__).parent))
    assert sources.is_direct(through("/lib/site-packages/torch/nn/modules/module.py"))
    assert not sources.is_direct(through("/lib/site-packages/torch/amp/grad_scaler.py"))
    nearest = sources.nearest(through("/lib/site-packages/torch/amp/grad_scaler.py"))
    assert nearest is not None
    assert sources.place(nearest).startswith("test_sources.py:")
