"""Which classes of a repository are taken for models that can be built tiny, and how; nothing is run."""

from __future__ import annotations

from pathlib import Path

from porter.harness.models import Model, find
from porter.harness.probes import tiny
from porter.harness.sources import read


def models(folder: Path, text: str) -> tuple[list[Model], list[str]]:
    (folder / "model.py").write_text(f"from torch import nn\n{text}", encoding="utf-8")
    found = find(read(folder.resolve()), {})
    return found.tried, found.left_out


FORWARD = "    def forward(self, idx): return idx\n"


def test_a_configuration_that_is_no_class(tmp_path: Path) -> None:
    """As minGPT has it: the settings are those that the file's classes read, also of a stored one, calls left out."""
    (model,), left = models(
        tmp_path,
        "class Block(nn.Module):\n    def __init__(self, config): self.w = nn.Linear(config.n_embd, 8)\n"
        "class GPT(nn.Module):\n    def __init__(self, config):\n        config.merge({})\n"
        "        self.config = config\n        self.h = [Block(config) for _ in range(self.config.n_layer)]\n"
        "        self.drop = nn.Dropout(config.embd_pdrop)\n" + FORWARD,
    )
    assert (model.name, model.config, model.settings) == ("GPT", "", ("embd_pdrop", "n_embd", "n_layer"))
    assert tiny.settings(list(model.settings)) == {"embd_pdrop": 0.0, "n_embd": tiny.WIDTH, "n_layer": 3}
    assert left == []


def test_a_model_that_a_loader_class_makes_is_no_part(tmp_path: Path) -> None:
    """As Llama has it: a class that is no model builds the model."""
    (model,), _ = models(
        tmp_path,
        "class Args:\n    dim: int = 4096\n"
        "class Transformer(nn.Module):\n    def __init__(self, params: Args): pass\n"
        + FORWARD
        + "class Llama:\n    def build(self): return Transformer(Args())\n",
    )
    assert (model.name, model.config) == ("Transformer", "Args")


def test_arguments_without_a_value_are_named_and_take_no_place(tmp_path: Path) -> None:
    wrappers = "".join(f"class W{n}(nn.Module):\n    def __init__(self, net): pass\n{FORWARD}" for n in range(9))
    (model,), left = models(
        tmp_path,
        wrappers + "class Net(nn.Module):\n    def __init__(self, dim, groups: int, ratio: float): pass\n" + FORWARD,
    )
    assert model.name == "Net"
    assert len(left) == 9
    assert "needs 'net', for which there is no tiny value" in left[0]


def test_the_configuration_of_a_checkpoint() -> None:
    """Its own values stay, sizes are cut down, what describes the file is left out."""
    known = {
        "architectures": ["X"],
        "auto_map": {},
        "torch_dtype": "float16",
        "transformers_version": "4",
        "num_layers": 28,
        "original_rope": True,
        "hidden_dropout": 0.1,
        "eos_token_id": 130005,
        "layernorm_epsilon": 1e-5,
    }
    assert tiny.saved(known) == {
        "num_layers": 3,
        "original_rope": True,
        "hidden_dropout": 0.0,
        "eos_token_id": 2,
        "layernorm_epsilon": 1e-5,
    }
