"""What nn.DataParallel needs of torch's CUDA build: to spread tensors over the devices and to gather them."""

from __future__ import annotations

from typing import Any


def provide() -> None:
    """Puts the functions where torch looks for them; a CPU build has none."""
    import torch

    torch._C._scatter = _scatter
    torch._C._gather = _gather
    torch._C._broadcast = _broadcast
    torch._C._broadcast_coalesced = _broadcast_coalesced


def _scatter(tensor: Any, devices: Any, sizes: Any, dim: int, streams: Any) -> list[Any]:
    del streams
    parts = tensor.split(list(sizes), dim) if sizes else tensor.chunk(len(devices), dim)
    return [part.to(f"cuda:{device}") for part, device in zip(parts, devices, strict=False)]


def _gather(tensors: Any, dim: int, destination: int | None) -> Any:
    import torch

    where = (
        "cpu" if destination == -1 else f"cuda:{torch.cuda.current_device() if destination is None else destination}"
    )
    return torch.cat([t.to(where) for t in tensors], dim)


def _broadcast(tensor: Any, devices: Any) -> list[Any]:
    return [tensor if tensor.get_device() == device else tensor.to(f"cuda:{device}") for device in devices]


def _broadcast_coalesced(tensors: Any, devices: Any, buffer_size: int) -> list[list[Any]]:
    del buffer_size
    return [[_broadcast(t, [device])[0] for t in tensors] for device in devices]
