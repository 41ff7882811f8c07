"""Which classes of a repository are taken for models that can be built tiny, and how; nothing is run."""

from __future__ import annotations

from pathlib import Path

from porter.harness.candidates import Model
from porter.harness.models import find
from porter.harness.probes import tiny
from porter.harness.sources import ROOT_PACKAGE, read


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


def test_a_function_that_builds_from_a_programs_options(tmp_path: Path) -> None:
    """As DETR has it: the model's parts come from functions, and their sizes from the options of a script."""
    (tmp_path / "main.py").write_text(
        "import argparse\nparser = argparse.ArgumentParser()\n"
        'parser.add_argument("--hidden-dim", default=256, type=int)\n'
        'parser.add_argument("--masks", action="store_true")\n'
        'parser.add_argument("--device", default="cuda")\nparser.add_argument("--lr", default=1e-4)\n',
        encoding="utf-8",
    )
    (built,), left = models(
        tmp_path,
        "class Body(nn.Module):\n    def __init__(self, wide): pass\n" + FORWARD + "class Net(nn.Module):\n"
        "    def __init__(self, body, queries): pass\n" + FORWARD + "def body(args): return Body(args.hidden_dim)\n"
        "def build(args):\n    return Net(body(args), 4), args.masks, args.device\n"
        "def build_model(args): return build(args)\n",
    )
    assert (built.name, built.makes) == ("build_model", {"Body", "Net"})
    assert built.options == {"device": "cuda", "hidden_dim": 256, "masks": False}
    assert left == []


def test_a_function_is_not_needed_for_what_its_constructor_can_build(tmp_path: Path) -> None:
    (model,), _ = models(
        tmp_path,
        "class Net(nn.Module):\n    def __init__(self, dim): pass\n"
        + FORWARD
        + "def build_model(args): return Net(args.dim)\n",
    )
    assert model.name == "Net"


def test_what_a_model_chooses_or_hands_on_is_a_part_and_what_it_asks_for_is_none(tmp_path: Path) -> None:
    (model,), _ = models(
        tmp_path,
        "class Norm(nn.Module):\n    def __init__(self, dim): pass\n" + FORWARD + "class Block(nn.Module):\n"
        "    def __init__(self, dim): self.is_net = isinstance(self, Net)\n" + FORWARD + "class Net(nn.Module):\n"
        "    def __init__(self, dim, skip=False):\n        norm = Norm if skip else nn.LayerNorm\n"
        "        self.block = nn.utils.skip_init(Block, dim)\n        self.norm = norm(dim)\n" + FORWARD,
    )
    assert model.name == "Net"


def test_files_at_the_root_that_import_each_other_are_parts_of_a_package(tmp_path: Path) -> None:
    (tmp_path / "configuration_x.py").write_text("class XConfig:\n    pass\n")
    (tmp_path / "modeling_x.py").write_text("from .configuration_x import XConfig\n")
    (tmp_path / "alone.py").write_text("import modeling_x\n")
    names = {source.file: source.name for source in read(tmp_path)}
    assert names == {
        "alone.py": "alone",
        "configuration_x.py": "configuration_x",
        "modeling_x.py": f"{ROOT_PACKAGE}.modeling_x",
    }


def test_a_parent_that_a_program_makes_is_a_model_as_well(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text("from model import Net\ndef create(): return Net(3)\n", encoding="utf-8")
    start = "    def __init__(self, dim): pass\n"
    found, _ = models(
        tmp_path,
        f"class Net(nn.Module):\n{start}{FORWARD}class Base(nn.Module):\n{start}{FORWARD}"
        f"class Wide(Net):\n{start}{FORWARD}class Deep(Base):\n{start}{FORWARD}",
    )
    assert [model.name for model in found] == ["Net", "Wide", "Deep"]


def test_models_of_changed_files_come_first_and_the_rest_is_told_in_one_sentence(tmp_path: Path) -> None:
    for number in range(9):
        text = f"from torch import nn\nclass N{number}(nn.Module):\n    def __init__(self, dim): pass\n{FORWARD}"
        (tmp_path / f"m{number}.py").write_text(text, encoding="utf-8")
    found = find(read(tmp_path.resolve()), {}, {"m7.py"})
    assert [model.file for model in found.tried] == ["m7.py", "m0.py", "m1.py", "m2.py", "m3.py", "m4.py"]
    assert found.how_many_left_out == (
        "Models that were not tried: 3 beyond the 6 that the harness takes; "
        'models = ["m5.py:N5"] in [tool.porter.verify] names one.'
    )


def test_a_class_that_hands_on_what_it_does_not_know_is_given_what_its_parents_need() -> None:
    class Net:
        def __init__(self, model_channels, out_channels, depth=24, stride=1, ratio=-1, p_dropout=0.5, **more): ...

    class Larger(Net):
        def __init__(self, image_size, **more): ...

    assert tiny.arguments(Larger, {"out_channels": 1}) == {
        "image_size": 32,
        "model_channels": tiny.WIDTH,
        "out_channels": 1,
        "depth": 3,
        "p_dropout": 0.0,
    }


def test_a_switch_is_no_size_and_a_size_that_is_yet_to_be_told_is_one() -> None:
    def made(num_head_channels=-1, vocab_size=-1): ...

    assert tiny.arguments(made, {}) == {"vocab_size": tiny.VOCABULARY}
