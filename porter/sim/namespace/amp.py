"""Mixed precision under the vendor's own name: torch.npu.amp.autocast, GradScaler, custom_fwd and custom_bwd."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import torch

from .base import Base

_SHARDED = "torch.distributed.fsdp.sharded_grad_scaler"


def members(base: Base) -> dict[str, Any]:
    """The module `amp` and the autocast settings."""
    name = base.name
    half = getattr(torch, base.facts.autocast)

    class autocast(torch.amp.autocast_mode.autocast):
        """torch.autocast for this device."""

        def __init__(self, enabled: bool = True, dtype: Any = half, cache_enabled: bool = True) -> None:
            super().__init__(name, enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)

    class GradScaler(torch.amp.GradScaler):
        """torch.amp.GradScaler for this device."""

        def __init__(
            self,
            init_scale: float = 2.0**16,
            growth_factor: float = 2.0,
            backoff_factor: float = 0.5,
            growth_interval: int = 2000,
            enabled: bool = True,
        ) -> None:
            super().__init__(name, init_scale, growth_factor, backoff_factor, growth_interval, enabled)

    if base.facts.sharded_scaler:
        _scale_shards_on(name)
    amp = ModuleType(f"torch.{name}.amp")
    vars(amp).update(
        autocast=autocast,
        GradScaler=GradScaler,
        custom_fwd=functools.partial(torch.amp.custom_fwd, device_type=name),
        custom_bwd=functools.partial(torch.amp.custom_bwd, device_type=name),
    )
    amp.autocast_mode = ModuleType(f"{amp.__name__}.autocast_mode")  # type: ignore[attr-defined]
    amp.grad_scaler = ModuleType(f"{amp.__name__}.grad_scaler")  # type: ignore[attr-defined]
    vars(amp.autocast_mode).update({part: vars(amp)[part] for part in ("autocast", "custom_fwd", "custom_bwd")})
    vars(amp.grad_scaler).update(GradScaler=GradScaler)
    return {
        "amp": amp,
        "get_amp_supported_dtype": lambda: [torch.float16, torch.bfloat16],
        "is_autocast_enabled": lambda: torch.is_autocast_enabled(name),
        "set_autocast_enabled": lambda enabled: torch.set_autocast_enabled(name, enabled),
        "get_autocast_dtype": lambda: torch.get_autocast_dtype(name),
        "set_autocast_dtype": lambda dtype: torch.set_autocast_dtype(name, dtype),
    }


def _scale_shards_on(name: str) -> None:
    """FSDP's scaler disables itself without CUDA. The vendor replaces it; here it is told the device instead.

    FSDP itself is not imported for that: it takes seconds.
    """
    plain = torch.amp.GradScaler.__init__

    @functools.wraps(plain)
    def made(self: Any, device: str = "cuda", *given: Any, **named: Any) -> None:
        plain(self, name if type(self).__module__ == _SHARDED else device, *given, **named)

    torch.amp.GradScaler.__init__ = made
