"""Scripts of a repository that load a model by its name on the hub: ported, and started by their recipes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import ANSWERS
from .started import Started
from .test_fastchat import on_device

Run = Callable[..., Started]


def test_inference(demo: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    """bfloat16, placed by device_map."""
    script = run("inference", "--repo", demo("baichuan2"), "--logs", tmp_path)
    assert script.ends() == 0, script.text
    assert ANSWERS["What runs here?"] in script.lines
    assert on_device(script) > 100


@pytest.mark.parametrize(("kind", "typed"), [("chatglm2", "Hello\nstop\n"), ("baichuan2", "Hello\nexit\n")])
def test_chat(kind: str, typed: str, demo: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    """float16; Baichuan2's answer comes from a thread of its own."""
    chat = run("cli-chat", "--repo", demo(kind), "--logs", tmp_path)
    assert chat.ends(typed) == 0, chat.text
    assert ANSWERS["Hello"] in chat.text
    assert on_device(chat) > 100


def test_a_script_that_fails_explains_itself(demo: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    folder = demo("baichuan2")
    script = folder / "inference.py"
    script.write_text(script.read_text(encoding="utf-8").replace('"npu"', '"cuda"'), encoding="utf-8")
    failed = run("inference", "--repo", folder, "--logs", tmp_path)
    assert failed.ends() == 1
    assert "Explained: E001" in failed.text
