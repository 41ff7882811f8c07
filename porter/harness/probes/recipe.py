"""Finds, on the reference alone, which inputs the model takes."""

from __future__ import annotations

from typing import Any

from .build import device, model_of
from .inputs import first_that_runs


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """The recipe, and what the model can do besides."""
    model, notes = model_of(order)
    methods = [name for name in ("generate", "chat", "stream_chat") if callable(getattr(model, name, None))]
    return {"recipe": first_that_runs(model.to(device()).eval(), device()), "methods": methods, "notes": notes}
