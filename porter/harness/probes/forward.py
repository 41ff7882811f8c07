"""Runs the tiny model once and tells the exact output of every module on the way."""

from __future__ import annotations

from typing import Any

import torch

from .build import device, model_of, weights
from .digest import described, digest, tensors
from .inputs import made


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """Outputs, and a digest per module in the order in which they ran."""
    model, notes = model_of(order)
    start = weights(model)
    model = model.to(device()).eval()
    steps: list[tuple[str, str]] = []
    for name, module in model.named_modules():
        module.register_forward_hook(_noting(name or "(the model)", steps))
    with torch.no_grad():
        output = list(tensors(model(**made(order["recipe"], device()))))
    return {"notes": notes, "weights": start, "outputs": [described(t) for t in output], "steps": steps}


def _noting(name: str, steps: list[tuple[str, str]]) -> Any:
    def note(_module: Any, _given: Any, output: Any) -> None:
        steps.append((name, " ".join(digest(t) for t in tensors(output))))

    return note
