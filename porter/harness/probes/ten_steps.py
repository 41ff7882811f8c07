"""Ten training steps of the tiny model: in float32, in mixed precision, and with checkpointed gradients."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import torch

from .build import another, device, model_of
from .digest import digest
from .faults import fault
from .inputs import made
from .train_step import loss_of

STEPS = 10


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """Each way of training: losses, gradient norms and the weights afterwards, to the bit; or its fault."""
    model, notes = model_of(order)
    ways: dict[str, Any] = {"float32": {}, "float16 with GradScaler": {"dtype": torch.float16}}
    ways["bfloat16"] = {"dtype": torch.bfloat16}
    if callable(getattr(model, "gradient_checkpointing_enable", None)):
        ways["checkpointed gradients"] = {"checkpoint": True}
    trained = {}
    for name, way in ways.items():
        try:
            trained[name] = _trained(another(order), order, **way)
        except Exception as error:
            trained[name] = {"fault": fault(error, order["root"])}
    return {"notes": notes, "trained": trained}


def _trained(model: Any, order: dict[str, Any], dtype: Any = None, checkpoint: bool = False) -> dict[str, Any]:
    model = model.to(device()).train()
    if checkpoint:
        model.gradient_checkpointing_enable()
        if hasattr(model, "config"):
            model.config.use_cache = False
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, foreach=False)
    scaler = _scaler() if dtype is torch.float16 else None
    given = made(order["recipe"], device())
    losses, norms = [], []
    torch.manual_seed(11)
    for _ in range(STEPS):
        optimizer.zero_grad()
        with torch.autocast(device(), dtype) if dtype else contextlib.nullcontext():
            loss = loss_of(model, given)
        (scaler.scale(loss) if scaler else loss).backward()
        if scaler:
            scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=False)
        if scaler:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()
        losses.append(loss.item().hex())
        norms.append(norm.item().hex())
    weights = {name: digest(tensor) for name, tensor in model.state_dict().items()}
    return {"losses": losses, "norms": norms, "weights": weights, "scale": scaler.get_scale() if scaler else 1.0}


def _scaler() -> Any:
    """Of the device; where it is disabled, which torch only warns of, nothing would be shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(torch.amp, "GradScaler"):
            scaler = torch.amp.GradScaler(device(), init_scale=1024.0)
        else:  # torch before 2.3
            scaler = torch.get_device_module(device()).amp.GradScaler(init_scale=1024.0)
    if not scaler.is_enabled():
        raise RuntimeError(f"GradScaler is disabled on {device()}")
    return scaler
