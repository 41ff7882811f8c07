"""Torch and MindSpore side by side: the same tiny model in two processes, through the real conversion."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.harness import child
from porter.harness.result import Outcome, Result
from porter.mindspore.model_dir import Model
from porter.mindspore.verify import gates
from porter.mindspore.verify.levels import Place
from porter.mindspore.verify.tiny import shape_of, tiny_config, tiny_model
from porter.mindspore.weights.cast import decoded, numpy
from porter.mindspore.weights.compare import as_they_are, compare
from porter.mindspore.weights.convert import convert
from porter.mindspore.weights.mapping import HUGGINGFACE, MINDSPORE, mapping
from porter.mindspore.weights.source import open_weights
from porter.mindspore.weights.stream import made_of
from porter.mindspore.weights.target import Target

PROBES = Path(__file__).parent.parent / "probes"
# Quiet, and without the threads that starve each other on few cores.
VARIABLES = {"GLOG_v": "4", "MS_BUILD_PROCESS_NUM": "1"}

# Weights of one shape that a wrong mapping could swap.
CONTROLS = {
    "key and value": ("model.layers.0.attention.wk.weight", "model.layers.0.attention.wv.weight"),
    "gate and up": ("model.layers.0.feed_forward.w1.weight", "model.layers.0.feed_forward.w3.weight"),
    "two norms": ("model.layers.0.attention_norm.weight", "model.layers.0.ffn_norm.weight"),
}


def parity(place: Place) -> list[Result]:
    """All checks of this level; where a process fails, that is the one result."""
    numpy()
    home = place.scratch / "parity"
    ended = torch_side(place, home)
    if isinstance(ended, Result):
        return [ended]
    tiny = tiny_model(place.model)
    results = _weights(home, tiny)
    task = {
        "model": str(place.port / "model"),
        "shape": shape_of(tiny),
        "weights": str(home / "float32.ckpt"),
        "arrays": str(home / "torch.npz"),
        "greedy": gates.gates().greedy_tokens,
        "controls": CONTROLS,
        "out": str(home / "mindspore.npz"),
    }
    failed = run_probe(place, place.mindspore_python, "mindspore_side.py", task, home, "logits")
    if failed:
        return [*results, failed]
    np = numpy()
    with np.load(home / "torch.npz") as theirs, np.load(home / "mindspore.npz", allow_pickle=False) as ours:
        return results + _compared(ours, theirs, _gradients(home, tiny))


def torch_side(place: Place, home: Path, prompts: Sequence[list[int]] = ()) -> Result | None:
    """The reference: weights in `home/hf`, arrays in `home/torch.npz`, with an answer to each prompt."""
    home.mkdir(parents=True, exist_ok=True)
    place.torch_version.update(_torch(place))
    config = tiny_config(place.model)
    task = {
        "config": {**config, "rms_norm_eps": place.model.eps},
        "rope": place.model.family.position == "rope",
        "normalised": place.model.family.head == "normalised",
        "folder": str(home),
        "greedy": gates.gates().greedy_tokens,
        "prompts": prompts,
        "answer": gates.gates().greedy_tokens,
    }
    return run_probe(place, place.torch_python, "torch_side.py", task, home, "reference")


def run_probe(place: Place, python: str, script: str, task: dict[str, Any], home: Path, check: str) -> Result | None:
    """Runs a script of `probes` in another Python; nothing where it ended well."""
    told = home / f"{Path(script).stem}.json"
    told.write_text(json.dumps(task), encoding="utf-8")
    variables = {**VARIABLES, **_path(place, python)}
    ended = child.run([python, str(PROBES / script), str(told)], home, variables, place.scratch, place.limits)
    if ended.hung:
        return Result(check, script, Outcome.HANG, f"It was not done after {place.limits.seconds} seconds.")
    if ended.code:
        lines = [line for line in ended.err.strip().splitlines() if line.strip()]
        said = (
            "It ran out of memory." if ended.out_of_memory else (lines[-1] if lines else f"It ended with {ended.code}.")
        )
        return Result(check, script, Outcome.FAIL, said, tuple(lines[-6:-1]))
    return None


def _path(place: Place, python: str) -> dict[str, str]:
    """The folder of packages that a person gave beside the Python with torch; MindSpore's has its own."""
    return {"PYTHONPATH": place.pythonpath} if place.pythonpath and python == place.torch_python else {}


def _weights(home: Path, tiny: Model) -> list[Result]:
    """The conversion that users run, there and back; the way there also in the dtype that is compared."""
    source = open_weights(home / "hf")
    there = mapping(tiny, source.tensors, MINDSPORE)
    convert(source, there, Target(home / "float32.ckpt", MINDSPORE, "float32"))
    convert(source, there, Target(home / "kept.ckpt", MINDSPORE))
    kept = open_weights(home / "kept.ckpt")
    convert(kept, mapping(tiny, kept.tensors, HUGGINGFACE), Target(home / "back.safetensors", HUGGINGFACE))
    found = compare(source, as_they_are(source), open_weights(home / "back.safetensors"))
    said = f"{found.exact} tensors in bfloat16 come back with every bit, {len(found.differences)} do not."
    return [gates.result("weights", "there and back", not found.differences, said, {})]


def _compared(ours: Any, theirs: Any, gradients: dict[str, Any]) -> list[Result]:
    left = [str(name) for name in ours["left"]]
    said = f"the cells have no place for, or lack, {left[0]}." if left else "every weight has its place in the cells."
    mine = {name.removeprefix("gradient_"): ours[name] for name in ours.files if name.startswith("gradient_")}
    controls = [gates.control(name, ours[f"control_{name}"], theirs["logits"]) for name in CONTROLS]
    return [
        gates.result("weights", "strict load", not left, said, {}),
        gates.logits("pynative mode", ours["logits_pynative"], theirs["logits"]),
        gates.logits("graph mode", ours["logits_graph"], theirs["logits"]),
        gates.greedy(ours["greedy"], theirs["greedy"]),
        gates.loss(ours["loss"], theirs["loss"]),
        gates.gradients(mine, gradients),
        gates.steps(ours["steps"], theirs["steps"]),
        *controls,
    ]


def _gradients(home: Path, tiny: Model) -> dict[str, Any]:
    """Torch's gradients under MindSpore's names: they go the way of the weights."""
    source = open_weights(home / "gradients")
    return {
        made.tensor.name: decoded(b"".join(made_of(source, made)), "float32").reshape(made.tensor.shape)
        for made in mapping(tiny, source.tensors, MINDSPORE).made
    }


def _torch(place: Place) -> dict[str, str]:
    ask = "import torch; print(torch.__version__)"
    variables = _path(place, place.torch_python)
    ended = child.run([place.torch_python, "-c", ask], place.scratch, variables, place.scratch, place.limits)
    if ended.code:
        raise UsageError(
            f"{place.torch_python} has no torch, with which MindSpore is compared: install porter[verify], "
            "or name another with --python."
        )
    return {"torch": ended.out.strip()}
