"""The configurations of a port: the runs that fit the model's size, with strategies that its numbers divide."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from porter.mindspore.hardware import Run, hardware, sizes
from porter.mindspore.model_dir import Model
from porter.mindspore.weights.mapping import expected


@dataclass(frozen=True, slots=True)
class Chosen:
    """The runs of a model, and what a person has to know about them."""

    runs: tuple[Run, ...]
    notes: tuple[str, ...]


def parameters(model: Model) -> int:
    """How many numbers the model has."""
    count = 0
    for row in expected(model):
        size = 1
        for length in row.shape:
            size *= length
        count += size
    return count


def chosen(model: Model) -> Chosen:
    """The configurations for a model of this size."""
    count = parameters(model)
    known = sizes()
    size = next((each for each in known if count <= each.up_to), known[-1])
    notes = []
    if count > known[-1].up_to:
        notes.append(
            f"The model has {count / 1e9:.1f} billion parameters; the largest that these configurations were made for "
            f"has {known[-1].up_to / 1e9:.0f}: more nodes will be needed."
        )
    if model.family.name not in ("baichuan2-7b", "baichuan2-13b"):
        notes.append("The parallel strategies are those published for Baichuan2 of such a size: a place to start from.")
    runs = []
    for run in size.runs:
        fitted = _fitted(run, model)
        if fitted.parallel != run.parallel:
            old, new = (" x ".join(map(str, each.parallel[:3])) for each in (run, fitted))
            notes.append(f"{run.name}: the strategy {old} does not divide this model, {new} does.")
        if run.flash_attention and not fitted.flash_attention:
            notes.append(f"{run.name}: flash attention is off, for ALiBi goes through the mask here.")
        if fitted.seq_length < run.seq_length:
            notes.append(f"{run.name}: seq_length is {fitted.seq_length}, for the model has no more positions.")
        runs.append(fitted)
    return Chosen(tuple(runs), tuple(notes))


def compute_dtype(run: Run, model: Model) -> str:
    """What the model was trained in, where the hardware has it; float16 elsewhere."""
    own = str(model.config.get("torch_dtype") or model.config.get("dtype") or "float16")
    return own if own in hardware()[run.hardware].dtypes and own != "float32" else "float16"


def _fitted(run: Run, model: Model) -> Run:
    dp, mp, pp, micro = run.parallel
    ranks = dp * mp * pp
    while any(count % mp for count in (model.heads, model.kv_heads, model.intermediate)):
        mp = next(less for less in range(mp - 1, 0, -1) if ranks % less == 0)
    while model.layers % pp or ranks % (mp * pp):
        pp -= 1
    return msgspec.structs.replace(
        run,
        parallel=(ranks // (mp * pp), mp, pp, max(micro, pp)),
        flash_attention=run.flash_attention and model.family.position == "rope",
        seq_length=min(run.seq_length, model.positions),
    )
