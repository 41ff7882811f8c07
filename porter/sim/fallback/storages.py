"""Bare storages of the device in Python: torch has no allocator for them here, and would crash."""

from __future__ import annotations

from typing import Any

import torch

from .memory import Memory

_CPU = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)


def set_part(tensor: Any, storage: Any, offset: int, size: Any, stride: Any = ()) -> Any:
    """tensor.set_(storage, offset, size, stride)."""
    torch.ops.aten.set_.source_Storage_storage_offset.redispatch(_CPU, tensor, storage, offset, size, stride)
    return tensor


def set_whole(tensor: Any, storage: Any) -> Any:
    """tensor.set_(storage)."""
    return set_part(tensor, storage, 0, (storage.nbytes() // tensor.element_size(),), (1,))


def carry(name: str, memory: Memory) -> None:
    """Makes clone, to and cpu of a storage work on the device."""
    kind = torch.UntypedStorage
    clone, to, cpu = kind.clone, kind.to, kind.cpu

    def bytes_of(storage: Any) -> Any:
        owner = memory.owner(storage)
        return torch.UntypedStorage(0) if owner is None else owner.untyped_storage()

    def on_device(host: Any) -> Any:
        return memory.on_device(torch.empty(0, dtype=torch.uint8).set_(host)).untyped_storage()

    def clone_on_device(self: Any) -> Any:
        return clone(self) if self.device.type != name else on_device(clone(bytes_of(self)))

    def to_device(self: Any, *, device: Any, non_blocking: bool = False) -> Any:
        if torch.device(device).type != name:
            return to(self, device=device, non_blocking=non_blocking)
        return self if self.device.type == name else on_device(clone(self))

    def to_cpu(self: Any) -> Any:
        return cpu(self) if self.device.type != name else clone(bytes_of(self))

    kind.clone, kind.to, kind.cpu = clone_on_device, to_device, to_cpu
