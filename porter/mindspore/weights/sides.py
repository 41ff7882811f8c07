"""Chooses what a conversion does from what the weights are: which side's names they have, a model or an adapter."""

from __future__ import annotations

from porter.mindspore.model_dir import Model
from porter.mindspore.weights.lora import adapter, is_adapter
from porter.mindspore.weights.mapping import HUGGINGFACE, MINDSPORE, Mapped, mapping, side_of
from porter.mindspore.weights.tensor import Weights


def plan(model: Model, weights: Weights) -> tuple[str, Mapped]:
    """To which side these weights go, and how."""
    tensors = weights.tensors
    if is_adapter(tensors):
        to = MINDSPORE if any(".lora_A." in name for name in tensors) else HUGGINGFACE
        return to, adapter(model, weights, to)
    to = MINDSPORE if side_of(model, tensors) == HUGGINGFACE else HUGGINGFACE
    return to, mapping(model, tensors, to)
