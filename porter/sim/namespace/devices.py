"""How many devices there are, which one is current, and what they are called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from .base import Base


def members(base: Base) -> dict[str, Any]:
    """The names of torch.cuda that choose and describe devices."""
    controls, described = base.controls, Described(base)

    class device(_DeviceScope):
        """Makes a device the current one for a scope; with an index below 0 it does nothing."""

        def __init__(self, device: Any) -> None:
            super().__init__(base, base.index(device))

    class device_of(_DeviceScope):
        """Makes the device of a tensor the current one for a scope."""

        def __init__(self, obj: Any) -> None:
            super().__init__(base, obj.get_device() if obj.device.type == base.name else -1)

    return {
        "device": device,
        "device_of": device_of,
        "_DeviceGuard": device,
        "set_device": described.set_device,
        "current_device": controls.current_device,
        "device_count": controls.device_count,
        # One function for each name: the compiler of torch refuses one function under two names of torch.cuda.
        "_exchange_device": lambda index: controls.exchange_device(index),
        "_maybe_exchange_device": lambda index: controls.exchange_device(index),
        "synchronize": described.synchronize,
        "is_available": lambda: controls.device_count() > 0,
        "is_initialized": lambda: controls.is_initialized(),
        "_is_initialized": lambda: controls.is_initialized(),
        "_initialized": True,  # gradient checkpointing keeps the random state of a device only if it says so
        "init": lambda: None,
        "_lazy_init": lambda: None,
        "_lazy_call": lambda call, **_kwargs: call(),
        "_is_in_bad_fork": controls.in_bad_fork,
        "_is_compiled": lambda: True,
        "_utils": SimpleNamespace(_get_device_index=described.get_device_index),
        "get_device_name": described.get_device_name,
        "get_device_properties": described.get_device_properties,
        "get_device_capability": described.get_device_capability,
        "can_device_access_peer": described.can_device_access_peer,
        "is_bf16_supported": lambda *_args, **_kwargs: not base.lacks("bfloat16"),
        "ipc_collect": lambda: None,
    }


class _DeviceScope:
    def __init__(self, base: Base, index: int) -> None:
        self.idx = index
        self.prev_idx = -1
        self._exchange = base.controls.exchange_device

    def __enter__(self) -> None:
        self.prev_idx = self._exchange(self.idx)

    def __exit__(self, *_error: object) -> None:
        self._exchange(self.prev_idx)


class Described:
    """The devices of one type, each under its index."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._title = f"Simulated {base.name.upper()}"
        self._memory = base.controls.memory_capacity()

    def set_device(self, device: Any) -> None:
        index = self._base.index(device)
        if index >= 0:
            self._base.controls.set_device(index)

    def synchronize(self, device: Any = None) -> None:
        self._checked(device)
        self._base.controls.count_wait("synchronize")

    def get_device_name(self, device: Any = None) -> str:
        self._checked(device)
        return self._title

    def get_device_capability(self, device: Any = None) -> tuple[int, int]:
        self._checked(device)
        return 8, 0

    def get_device_properties(self, device: Any = None) -> SimpleNamespace:
        major, minor = self.get_device_capability(device)
        return SimpleNamespace(
            name=self._title, total_memory=self._memory, multi_processor_count=1, major=major, minor=minor
        )

    def can_device_access_peer(self, device: Any, peer: Any) -> bool:
        return self._checked(device) != self._checked(peer)

    def get_device_index(self, device: Any = None, optional: bool = False, allow_cpu: bool = False) -> int:
        if allow_cpu and device is not None and not isinstance(device, int) and torch.device(device).type == "cpu":
            return -1
        if device is None and not optional:
            raise ValueError(f"Expected a torch.device with a specified index or an integer, but got: {device}")
        return self._base.index(device)

    def _checked(self, device: Any) -> int:
        index = self._base.index(device)
        if not 0 <= index < self._base.controls.device_count():
            raise AssertionError(f"Invalid device id: {index}")
        return index
