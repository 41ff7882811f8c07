"""One training step of the tiny model with AdamW: loss, gradient norm, and the weights afterwards."""

from __future__ import annotations

from typing import Any

import torch

from .build import device, model_of
from .digest import digest, tensors
from .faults import NotRunnable
from .inputs import label, made


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """What a step did, to the bit."""
    model, notes = model_of(order)
    model = model.to(device()).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, foreach=False)
    given = made(order["recipe"], device())
    torch.manual_seed(11)
    loss = loss_of(model, given)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False)
    optimizer.step()
    return {
        "notes": notes,
        "loss": loss.item().hex(),
        "gradient norm": norm.item().hex(),
        "weights": {name: digest(tensor) for name, tensor in model.state_dict().items()},
    }


def loss_of(model: Any, given: dict[str, Any], labels: dict[str, Any] | None = None) -> Any:
    """The model's own loss where it has one for labels; else the mean square of what it gives."""
    labels = label(model, given) if labels is None else labels
    output = model(**given, **labels)
    own = getattr(output, "loss", None)
    if own is None and labels:
        own = next((t for t in tensors(output) if t.dim() == 0 and t.requires_grad), None)
    if own is None:
        learned = [t.square().mean() for t in tensors(output) if t.requires_grad and t.is_floating_point()]
        own = sum(learned) if learned else None
    if own is None:
        raise NotRunnable("nothing that it gives can be learned from")
    return own
