"""Simulated CUDA on a torch that has none, so that the original, unchanged, runs beside its port."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from . import build
from .errors import SimulationError
from .torch_here import find_torch

if TYPE_CHECKING:
    from .device import Device

# Parts of torch.cuda that stay torch's own: they are not about the device, or work as they are.
_KEPT = {"amp", "random", "memory", "streams", "_utils", "_is_compiled"}


def preload() -> None:
    """Loads the library before torch is imported: torch asks for its CUDA hooks once, and remembers the answer."""
    torch = find_torch()
    if torch.cuda is not None:
        raise SimulationError(
            f"torch {torch.version} is a CUDA build, on which CUDA cannot be simulated: "
            "use the CPU build of torch for the original, or run it on a GPU."
        )
    library = build.library(build.CUDA)
    for name in ("libc10", "libtorch_cpu", "libtorch"):
        ctypes.CDLL(str(torch.folder / "lib" / f"{name}.so"), mode=ctypes.RTLD_GLOBAL)
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def take_over(device: Device) -> None:
    """Gives torch.cuda the members of the simulated device."""
    import torch

    from . import collectives, data_parallel, namespace
    from .namespace.base import Base

    members = namespace.members(Base("cuda", device.facts, device.controls, device.witness, device.options.lacking))
    for name, value in members.items():
        if name not in _KEPT:
            setattr(torch.cuda, name, value)
    for part in ("random", "memory", "streams"):
        for name, value in vars(members[part]).items():
            if not name.startswith("__"):
                setattr(getattr(torch.cuda, part), name, value)
    torch.cuda._initialized = True
    torch.cuda.get_arch_list = lambda: ["sm_80"]
    _tell_version(device)
    _carry_storages(device)
    device.module = torch.cuda
    collectives.register_nccl(device)
    data_parallel.provide()


def _tell_version(device: Device) -> None:
    import torch

    if device.facts.hip:
        torch.version.hip = device.facts.hip
    else:
        torch.version.cuda = "12.4"


def _carry_storages(device: Device) -> None:
    """What a bare storage on CUDA can do is compiled out of CPU builds: do it through a tensor instead."""
    import torch
    import torch.storage

    to, clone, resize = torch.storage._to, torch.UntypedStorage.clone, torch.UntypedStorage.resize_

    def bytes_of(storage: Any) -> Any:
        untyped = storage if isinstance(storage, torch.UntypedStorage) else storage._untyped_storage
        return torch.empty(0, dtype=torch.uint8, device=untyped.device).set_(untyped)

    def to_device(self: Any, device: Any, non_blocking: bool = False) -> Any:
        wanted = torch.device(device)
        if wanted.type != "cuda":
            return to(self, device, non_blocking)
        return bytes_of(self).to(wanted, copy=self.device != wanted).untyped_storage()

    def clone_on_device(self: Any) -> Any:
        return clone(self) if self.device.type != "cuda" else bytes_of(self).clone().untyped_storage()

    def resize_on_device(self: Any, size: int) -> Any:
        if self.device.type != "cuda":
            return resize(self, size)
        device.controls.resize_storage(bytes_of(self), size)
        return self

    torch.UntypedStorage.resize_ = resize_on_device
    torch.storage._to = to_device
    torch.UntypedStorage.clone = clone_on_device
