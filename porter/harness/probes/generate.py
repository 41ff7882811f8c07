"""Generation with the tiny model, greedily and sampling from a seed: the tokens, and the exact scores of each step."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from .build import device, model_of
from .digest import digest, tensors
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
    steps: list[str] = []
    listening = model.register_forward_hook(lambda _module, _given, output: steps.append(_scores(output)))
    try:
        torch.manual_seed(13)
        with torch.no_grad():
            output = model.generate(prompt, max_new_tokens=8, **options(model, way))
    except Exception as error:
        return {"fault": fault(error, root)}
    finally:
        listening.remove()
    return {"ids": [tensor.flatten().tolist() for tensor in tensors(output)], "steps": steps}


def _scores(output: Any) -> str:
    """What the model gave first: the same token comes of other scores as well, when its weights are random."""
    return next(map(digest, tensors(output)), "")


def options(model: Any, way: str) -> dict[str, Any]:
    """The options of a way, as far as this model's generate has them."""
    parameters = inspect.signature(model.generate).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):  # as in transformers; the rest is its default
        return {"do_sample": _WAYS[way]["do_sample"]}
    return {name: value for name, value in _WAYS[way].items() if name in parameters}
