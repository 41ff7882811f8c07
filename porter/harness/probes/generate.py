"""Generation with the tiny model, greedily and sampling from a seed: the tokens."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from .build import device, model_of
from .digest import tensors
from .faults import fault
from .inputs import made

# What each way asks for, as far as the model has such options.
_WAYS: dict[str, dict[str, Any]] = {
    "greedy": {"do_sample": False, "top_k": 1},
    "sampled": {"do_sample": True, "top_k": 20, "temperature": 0.8},
}


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """The tokens that the model gives each way; the seed is set before each."""
    model, notes = model_of(order)
    model = model.to(device()).eval()
    return {"notes": notes, "tokens": {way: _tokens(model, way, order["root"]) for way in _WAYS}}


def _tokens(model: Any, way: str, root: str) -> dict[str, Any]:
    prompt = next(iter(made({"ids": "ids"}, device()).values()))[:1]
    try:
        torch.manual_seed(13)
        with torch.no_grad():
            output = model.generate(prompt, max_new_tokens=8, **options(model, way))
    except Exception as error:
        return {"fault": fault(error, root)}
    return {"ids": [tensor.flatten().tolist() for tensor in tensors(output)]}


def options(model: Any, way: str) -> dict[str, Any]:
    """The options of a way, as far as this model's generate has them."""
    parameters = inspect.signature(model.generate).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):  # as in transformers; the rest is its default
        return {"do_sample": _WAYS[way]["do_sample"]}
    return {name: value for name, value in _WAYS[way].items() if name in parameters}
