"""Saves the tiny model in every usual way and loads it again, on the CPU and on the device; also what another saved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from .build import device, model_of, weights
from .digest import digest
from .faults import fault

SEED = 31


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """What each way of loading brought back. `folder` is where to save, `other` where someone else did."""
    model, notes = model_of(order)
    fresh = weights(model)
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():  # so that a checkpoint which is not loaded shows
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator).to(parameter.dtype) * 0.01)
    placed = model.to(device())
    folder = Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(placed.state_dict(), folder / "weights.pt")
    ways = _ways(folder, order, "")
    if callable(getattr(model, "save_pretrained", None)) and callable(getattr(type(model), "from_pretrained", None)):
        ways["save_pretrained, from_pretrained"] = lambda: _pretrained(placed, folder / "pretrained")
    if order.get("other"):
        ways.update(_ways(Path(order["other"]), order, "the original's file, "))
    loaded = {name: _tried(way, order["root"]) for name, way in ways.items()}
    return {"notes": notes, "fresh": fresh, "saved": weights(placed), "loaded": loaded}


def _ways(folder: Path, order: dict[str, Any], whose: str) -> dict[str, Callable[[], str]]:
    def load(where: Any) -> str:
        state = torch.load(folder / "weights.pt", map_location=where, weights_only=True)
        wanted = torch.device(where).type
        stray = [name for name, tensor in state.items() if tensor.device.type != wanted]
        if stray:
            raise RuntimeError(f"{stray[0]} was loaded to {state[stray[0]].device}, and {where} was asked for")
        model, _ = model_of(order)
        model.to(where).load_state_dict(state)
        return weights(model)

    places = {"cpu": "cpu", "the device": device(), "device 0": torch.device(device(), 0)}
    return {f"{whose}map_location {name}": partial(load, where) for name, where in places.items()}


def _pretrained(model: Any, folder: Path) -> str:
    model.save_pretrained(folder)
    again = type(model).from_pretrained(folder)
    whole, known = hashlib.sha256(), model.state_dict()
    for name, tensor in again.state_dict().items():
        if digest(tensor) != digest(known[name]):
            raise RuntimeError(f"{name} is not what was saved")
        whole.update(f"{name} {digest(tensor)}\n".encode())
    return whole.hexdigest()


def _tried(way: Callable[[], str], root: str) -> dict[str, Any]:
    try:
        return {"weights": way()}
    except Exception as error:
        return {"fault": fault(error, root)}
