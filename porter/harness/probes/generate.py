"""Greedy generation with the tiny model: the tokens."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from .build import device, model_of
from .digest import tensors
from .inputs import made


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """The tokens that the model gives; where it can only sample, it samples from a fixed seed."""
    model, notes = model_of(order)
    model = model.to(device()).eval()
    prompt = next(iter(made({"ids": "ids"}, device()).values()))[:1]
    parameters = inspect.signature(model.generate).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    options = {"max_new_tokens": 8, **{n: v for n, v in {"do_sample": False, "top_k": 1}.items() if n in parameters}}
    if takes_all:
        options["do_sample"] = False
    torch.manual_seed(13)
    with torch.no_grad():
        output = model.generate(prompt, **options)
    return {"notes": notes, "tokens": [tensor.flatten().tolist() for tensor in tensors(output)]}
