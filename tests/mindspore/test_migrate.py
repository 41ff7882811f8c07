"""A model's folder becomes a port in which everything is accounted for, and a wrong configuration is named as such."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny
import yaml
from click.testing import CliRunner

from porter import lock
from porter.cli import porter
from porter.errors import UsageError
from porter.mindspore.checks import check
from porter.mindspore.configurations import chosen
from porter.mindspore.family import families
from porter.mindspore.model_dir import Model, read_model, understood
from porter.mindspore.verify.static import there_and_back
from porter.mindspore.weights.mapping import expected
from porter.mindspore.weights.tensor import Tensor

# The sizes of the published models, of which the configurations are made.
REAL: dict[str, tuple[int, ...]] = {
    "baichuan2-7b": (4096, 11008, 32, 32),
    "baichuan2-13b": (5120, 13696, 40, 40),
    "qwen2": (896, 4864, 14, 24),
}
SIZES = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers")


def real(family: str) -> Model:
    more: dict[str, Any] = {
        "vocab_size": 125696,
        "torch_dtype": "bfloat16",
        **dict(zip(SIZES, REAL[family], strict=True)),
    }
    more |= {"model_max_length": 4096} if family == "baichuan2-13b" else {"max_position_embeddings": 4096}
    more |= {"num_key_value_heads": 2, "tie_word_embeddings": True, "vocab_size": 151936} if family == "qwen2" else {}
    return understood(tiny.config(family, **more), families()[family])


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(porter, [str(word) for word in words], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value, done.output


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_port_is_whole_and_accounts_for_all(tmp_path: Path, family: str) -> None:
    tiny.write(tmp_path / "hf", family, shards=2, max_position_embeddings=4096) if "13b" not in family else tiny.write(
        tmp_path / "hf", family, shards=2, model_max_length=4096
    )
    (tmp_path / "hf" / "tokenizer.model").write_bytes(b"x")
    (tmp_path / "hf" / "handler.py").write_text("import torch\n")
    code, said = run("migrate", tmp_path / "hf", "--target", "mindspore")
    port = tmp_path / "hf_mindspore"
    report = json.loads((port / "report.json").read_text())
    rows = [row for rows in report["rows"].values() for row in rows]
    assert code == 1 and sum(report["summary"].values()) == len(rows) and "manual: handler.py" in said
    assert {row["subject"] for row in report["rows"]["files"]} == {p.name for p in (tmp_path / "hf").iterdir()}
    assert {row["subject"] for row in report["rows"]["config.json"]} == set(read_model(tmp_path / "hf").config)
    assert all(row["why"] for row in rows) and len(report["not_checked"]) >= 7
    tree = lock.read(port / "porter.lock").tree
    assert tree.keys() == {p.relative_to(port).as_posix() for p in port.rglob("*") if p.is_file()} - {"porter.lock"}
    code, said = run("verify", port, "--original", tmp_path / "hf", "--only", "static", "-q")
    assert code == 0 and "fail" not in said


def test_the_same_folder_gives_the_same_bytes_and_a_changed_port_is_kept(tmp_path: Path) -> None:
    tiny.write(tmp_path / "hf", "llama")
    for name in ("a", "b"):
        run("migrate", tmp_path / "hf", "--target", "mindspore", "--out", tmp_path / name)
    assert (tmp_path / "a" / "porter.lock").read_bytes() == (tmp_path / "b" / "porter.lock").read_bytes()
    config = tmp_path / "a" / "configs" / "lora_a2.yaml"
    config.write_text("mine")
    with pytest.raises(UsageError, match=r"configs/lora_a2\.yaml"):
        run("migrate", tmp_path / "hf", "--target", "mindspore", "--out", tmp_path / "a")
    assert config.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--branch", "x"], "--branch is not for --target mindspore"),
        (["--only", "DEV"], "--only is not for"),
        (["--family", "gpt"], "no family 'gpt'"),
    ],
)
def test_bad_usage(tmp_path: Path, words: list[str], match: str) -> None:
    tiny.write(tmp_path / "hf", "llama")
    with pytest.raises(UsageError, match=match):
        run("migrate", tmp_path / "hf", "--target", "mindspore", *words)
    assert not (tmp_path / "hf_mindspore").exists()


def test_a_family_that_is_not_clear_must_be_named(tmp_path: Path) -> None:
    tiny.write(tmp_path / "hf", "baichuan2-7b")
    (tmp_path / "hf" / "modeling_baichuan.py").unlink()
    with pytest.raises(UsageError, match="name it with --family"):
        run("migrate", tmp_path / "hf", "--target", "mindspore")
    run("migrate", tmp_path / "hf", "--target", "mindspore", "--family", "baichuan2-7b", "-q")


@pytest.mark.parametrize("family", sorted(REAL))
def test_the_configurations_of_real_sizes_fit(family: str) -> None:
    from porter.mindspore.write import configuration

    model = real(family)
    for each in chosen(model).runs:
        config = yaml.safe_load(configuration("m", model, each))
        assert not [complaint.text for complaint in check(config, model, each.cards) if complaint.error], each.name
        dp, mp, pp, _ = each.parallel
        assert dp * mp * pp == each.cards and (config["use_parallel"] is (each.cards > 1))
    source = {row.huggingface: Tensor(row.huggingface, "bfloat16", row.shape) for row in expected(model)}
    assert not there_and_back(model, source)


def test_the_strategies_are_those_that_were_published() -> None:
    published = {
        "baichuan2-7b": {
            "finetune_atlas800_2nodes": (2, 4, 2, 8),
            "finetune_a2": (8, 1, 1, 1),
            "lora_a2": (8, 1, 1, 1),
        },
        "baichuan2-13b": {
            "finetune_atlas800_2nodes": (1, 8, 2, 16),
            "finetune_a2": (1, 2, 4, 16),
            "finetune_a2_2nodes": (8, 1, 2, 8),
            "lora_atlas800": (2, 1, 4, 4),
            "predict_atlas800_2cards": (1, 2, 1, 1),
        },
    }
    for family, strategies in published.items():
        runs = {run.name: run.parallel for run in chosen(real(family)).runs}
        assert strategies.items() <= runs.items()


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = json.loads(json.dumps(config))
    place = made
    *folders, last = path.split(".")
    for folder in folders:
        place = place[folder]
    place[last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("parallel_config.data_parallel", 4, "4 x 4 x 2 = 32, and there are 16 cards"),
        ("parallel_config.model_parallel", 3, "does not divide the 32 heads"),
        ("parallel_config.pipeline_stage", 5, "does not divide the 32 layers"),
        ("parallel_config.micro_batch_num", 1, "is below pipeline_stage"),
        ("parallel_config.data_parallel", "all", "whole number"),
        ("model.model_config.hidden_size", 64, "hidden_size is 64, the model has 4096"),
        ("model.model_config.n_kv_heads", 8, "n_kv_heads is 8"),
        ("model.model_config.seq_length", 8192, "beyond the 4096 positions"),
        ("model.model_config.use_flash_attention", True, "needs an Atlas 800T A2"),
        ("model.model_config.compute_dtype", "bfloat16", "no dtype of an Atlas 800"),
        ("context.max_device_memory", "80GB", "more than any card has"),
        ("optimizer.type", "FP32StateAdamWeightDecay", "is now AdamW"),
        ("callbacks", [{"type": "CheckpointMointor"}], "is now CheckpointMonitor"),
        ("callbacks", [{"type": "ObsMonitor"}], "is now gone"),
        ("use_parallel", False, "use_parallel is False"),
        ("model", None, "no section `model`"),
    ],
)
def test_each_mistake_in_a_configuration_is_named(path: str, value: Any, said: str) -> None:
    from porter.mindspore.write import configuration

    model = real("baichuan2-7b")
    run = next(run for run in chosen(model).runs if run.name == "finetune_atlas800_2nodes")
    config = yaml.safe_load(configuration("m", model, run))
    assert not [complaint for complaint in check(config, model, 16, 513) if complaint.error]
    found = check(changed(config, path, value), model, 16)
    assert any(complaint.error and said in complaint.text for complaint in found), found


def test_the_width_of_the_data() -> None:
    from porter.mindspore.write import configuration

    model = real("baichuan2-7b")
    config = yaml.safe_load(configuration("m", model, chosen(model).runs[0]))
    assert any("has 512 columns" in complaint.text for complaint in check(config, model, 16, 512))


OLD = """# a guide's configuration
runner_config:
  epochs: 4
optimizer:
  type: FP32StateAdamWeightDecay  # as published
  beta1: 0.9
  beta2: 0.98
callbacks:
  - type: CheckpointMointor
    prefix: "baichuan2"
  - type: ObsMonitor
model:
  model_config:
    num_layers: 3
"""


def test_a_configuration_of_old_is_carried_over(tmp_path: Path) -> None:
    tiny.write(tmp_path / "hf", "llama")
    (tmp_path / "hf" / "run_llama.yaml").write_bytes(OLD.replace("\n", "\r\n").encode())
    run("migrate", tmp_path / "hf", "--target", "mindspore")
    text = (tmp_path / "hf_mindspore" / "configs" / "own" / "run_llama.yaml").read_text()
    made = yaml.safe_load(text)
    assert made["optimizer"] == {"type": "AdamW", "betas": [0.9, 0.98]} and "# as published" in text
    assert made["callbacks"] == [{"type": "CheckpointMonitor", "prefix": "baichuan2"}]
    assert (tmp_path / "hf" / "run_llama.yaml").read_bytes() == OLD.replace("\n", "\r\n").encode()
