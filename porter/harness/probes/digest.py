"""Tensors as data that can be compared without torch: a digest of the exact bytes, and the numbers of small ones."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator
from typing import Any

import torch

_SHOWN = 20_000  # numbers of an output that travel with the answer, so that a difference can be told
_SAMPLE = 64  # numbers of each module's output on the way


def digest(tensor: Any) -> str:
    """A name for the exact content: dtype, shape and every bit."""
    plain = tensor.detach().cpu().contiguous()
    raw = ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size()) if plain.numel() else b""
    return hashlib.sha256(f"{plain.dtype} {tuple(plain.shape)} ".encode() + raw).hexdigest()[:24]


def described(tensor: Any) -> dict[str, Any]:
    """A tensor of an output."""
    plain = tensor.detach().cpu()
    small = plain.is_floating_point() and plain.numel() <= _SHOWN
    return {
        "digest": digest(tensor),
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype),
        "device": tensor.device.type,
        "finite": bool(torch.isfinite(plain).all()),
        "numbers": plain.double().flatten().tolist() if small else [],
    }


def sample(found: list[Any]) -> list[float]:
    """Some numbers of the first of them, evenly spread, by which a difference can be measured."""
    first = next((t for t in found if t.is_floating_point() and t.numel()), None)
    if first is None:
        return []
    flat = first.detach().cpu().flatten()
    return [float(number) for number in flat[:: max(1, flat.numel() // _SAMPLE)].tolist()]


def tensors(value: Any) -> Iterator[Any]:
    """All tensors in what a model gave, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for key in value:
            yield from tensors(value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
    elif hasattr(value, "to_legacy_cache"):  # a cache of transformers
        yield from tensors(value.to_legacy_cache())
