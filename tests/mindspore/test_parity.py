"""The cells compute what torch computes, for every family, and a port with a mistake in it does not pass."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner

from porter.cli import porter

pytestmark = pytest.mark.usefixtures("mindspore_python")


def verified(tmp_path: Path, python: str, *words: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the results by their check."""
    given = ["verify", str(tmp_path / "hf_mindspore"), "--original", str(tmp_path / "hf"), "-q", "--mindspore", python]
    done = CliRunner().invoke(porter, [*given, *words], standalone_mode=False)
    if done.exception:
        raise done.exception
    evidence = json.loads((tmp_path / "hf_mindspore" / "verify" / "evidence.json").read_text())
    found: dict[str, list[dict[str, Any]]] = {}
    for result in evidence["results"]:
        found.setdefault(result["check"], []).append(result)
    return done.return_value, found


def ported(tmp_path: Path, family: str, **changed: Any) -> Path:
    tiny.write(tmp_path / "hf", family, **changed)
    words = ["migrate", str(tmp_path / "hf"), "--target", "mindspore", "-q"]
    CliRunner().invoke(porter, words, standalone_mode=False)
    return tmp_path / "hf_mindspore"


@pytest.mark.parametrize("family", [*tiny.FAMILIES, "tied"])
def test_every_family_passes(tmp_path: Path, mindspore_python: str, family: str) -> None:
    ported(tmp_path, "qwen2" if family == "tied" else family, tie_word_embeddings=family == "tied")
    code, found = verified(tmp_path, mindspore_python, "--only", "static", "--only", "parity")
    bad = [result for results in found.values() for result in results if result["outcome"] != "pass"]
    assert code == 0 and not bad, bad
    assert found.keys() >= {"mapping", "configurations", "weights", "logits", "greedy", "loss", "gradients", "steps"}
    assert len(found["logits"]) == 2 and len(found["controls"]) == 3
    assert all(float(result["seen"]["difference"]) <= 1e-4 for result in found["logits"])


@pytest.mark.parametrize(
    ("family", "old", "new", "check"),
    [
        ("baichuan2-13b", "-8 * (at + 1) / whole", "-4 * (at + 1) / whole", "logits"),
        (
            "llama",
            "self.cos[start:stop], self.sin[start:stop]",
            "self.cos[: stop - start], self.sin[: stop - start]",
            "greedy",
        ),
    ],
)
def test_a_mistake_in_the_cells_is_seen(
    tmp_path: Path, mindspore_python: str, family: str, old: str, new: str, check: str
) -> None:
    cells = ported(tmp_path, family) / "model" / "cells.py"
    text = cells.read_text()
    assert old in text
    cells.write_text(text.replace(old, new))
    code, found = verified(tmp_path, mindspore_python, "--only", "parity")
    assert code == 1 and any(result["outcome"] == "fail" for result in found.get(check, [])), found


def test_without_mindspore_nothing_is_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ported(tmp_path, "llama")
    code, found = verified(tmp_path, "")
    assert code == 1 and found["mapping"][0]["outcome"] == "pass"
    assert found["parity"][0]["outcome"] == "not-applicable" and "--download" in found["parity"][0]["detail"]
    assert {result["outcome"] for result in found["hardware"]} == {"needs-device"}
    assert not (tmp_path / "cache").exists()


def test_a_python_without_mindspore_is_refused(tmp_path: Path) -> None:
    ported(tmp_path, "llama")
    with pytest.raises(Exception, match="has no mindspore"):
        verified(tmp_path, sys.executable)
