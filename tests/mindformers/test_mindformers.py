"""With MindFormers itself: its class and its Trainer run the port's own scripts. `make test-mindformers` runs this."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from porter.cli import porter

sys.path.insert(0, str(Path(__file__).parent.parent / "mindspore"))
import tiny

PYTHON = os.environ.get("MINDFORMERS_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON and "CI" not in os.environ, reason="MINDFORMERS_PYTHON names no Python")


@pytest.mark.parametrize("family", ["baichuan2-7b", "baichuan2-13b", "llama", "qwen2"])
def test_its_class_and_its_trainer(tmp_path: Path, family: str) -> None:
    tiny.write(tmp_path / "hf", family)
    port = str(tmp_path / "hf_mindspore")
    for words in (
        ["migrate", str(tmp_path / "hf"), "--target", "mindspore", "-q"],
        ["verify", port, "--mindspore", PYTHON, "-q", "--only", "mindformers", "--timeout", "600"],
    ):
        done = CliRunner().invoke(porter, words, standalone_mode=False)
        if done.exception:
            raise done.exception
    results = json.loads((Path(port) / "verify" / "evidence.json").read_text())["results"]
    seen = [(result["check"], result["subject"], result["outcome"]) for result in results]
    assert seen == [
        ("wrapper", "MindFormers' class", "pass"),
        ("wrapper", "generate", "pass"),
        *(("answers", f"run/{name}.py", "pass") for name in ("generate", "chat", "pipeline", "trainer")),
        ("trainer", "finetune", "pass"),
        ("trainer", "lora", "pass"),
    ], results
