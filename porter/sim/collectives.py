"""Registers the vendor's collectives (hccl, cncl, mccl, and nccl): gloo, on the twins of the device's tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .device import Device


def register(device: Device) -> None:
    """Makes `init_process_group("hccl")` work for tensors of the device, and only for those."""
    import torch.distributed as dist

    if not dist.is_available():
        return

    def make(store: Any, rank: int, size: int, timeout: Any) -> Any:
        return dist.ProcessGroupGloo(store, rank, size, timeout=timeout)

    backend = device.facts.backend
    dist.Backend.register_backend(backend, make, devices=[device.facts.device])
    setattr(dist, f"is_{backend}_available", lambda: True)
    device.controls.answer_collectives()


def register_nccl(device: Device) -> None:
    """nccl is a name that torch knows and its CPU build refuses: here it makes groups for the device."""
    import torch
    import torch.cuda.nccl
    import torch.distributed as dist
    from torch.distributed import distributed_c10d as c10d

    if not dist.is_available():
        return

    class ProcessGroupNCCL(dist.ProcessGroupGloo):
        """What `init_process_group("nccl")` makes."""

        class Options:
            """The options that torch fills in before it makes a group."""

            def __init__(self, is_high_priority_stream: bool = False) -> None:
                self.is_high_priority_stream = is_high_priority_stream
                self._timeout = c10d.default_pg_timeout

        def __init__(self, store: Any, rank: int, size: int, options: Any) -> None:
            super().__init__(store, rank, size, timeout=options._timeout)

    c10d.ProcessGroupNCCL = dist.ProcessGroupNCCL = ProcessGroupNCCL
    c10d._NCCL_AVAILABLE = True
    c10d.default_pg_nccl_timeout = c10d.default_pg_timeout
    torch.cuda.nccl.version = lambda: (2, 21, 5)  # torch tells it with every error of a group
    device.controls.answer_collectives()
