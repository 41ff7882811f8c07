"""Runs the tiny model once in each precision and tells the exact output of every module on the way."""

from __future__ import annotations

from typing import Any

import torch

from .build import another, device, model_of, weights
from .digest import described, digest, sample, tensors
from .faults import fault
from .inputs import made

HALF = ("float16", "bfloat16")


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """In float32: outputs, and a digest per module in the order in which they ran; the same under `half`."""
    model, notes = model_of(order)
    start, half = weights(model), {}
    for name in HALF:
        try:
            half[name] = _seen(another(order), order, getattr(torch, name))
        except Exception as error:
            half[name] = {"fault": fault(error, order["root"])}
    return {"notes": notes, "weights": start, "half": half, **_seen(model, order, torch.float32)}


def _seen(model: Any, order: dict[str, Any], dtype: Any) -> dict[str, Any]:
    model = model.to(device()).to(dtype).eval()
    given = {name: _as(value, dtype) for name, value in made(order["recipe"], device()).items()}
    steps: list[tuple[str, str, list[float]]] = []
    for name, module in model.named_modules():
        module.register_forward_hook(_noting(name or "(the model)", steps))
    with torch.no_grad():
        output = list(tensors(model(**given)))
    return {"outputs": [described(t) for t in output], "steps": steps}


def _as(value: Any, dtype: Any) -> Any:
    return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def _noting(name: str, steps: list[tuple[str, str, list[float]]]) -> Any:
    def note(_module: Any, _given: Any, output: Any) -> None:
        found = list(tensors(output))
        steps.append((name, " ".join(map(digest, found)), sample(found)))

    return note
