"""torch.set_default_tensor_type with a type of the device: on CUDA it is the default device and dtype in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .device import Device


def provide(device: Device) -> None:
    """Gives torch's function to the device. What the vendors' devices do there is not known, and not simulated."""
    import torch

    plain, name = torch.set_default_tensor_type, device.facts.device

    def set_default_tensor_type(t: Any, /) -> None:
        wanted = t if isinstance(t, str) else f"{t.__module__}.{t.__name__}"
        if not wanted.startswith(f"torch.{name}."):
            if torch.get_default_device().type == name:
                torch.set_default_device(None)
            plain(t)
        elif name == "cuda":
            kind = getattr(torch.cuda, wanted.rpartition(".")[2]) if isinstance(t, str) else t
            torch.set_default_dtype(kind.dtype)  # torch says it where this is no floating point
            torch.set_default_device(name)
        else:
            raise NotImplementedError(f"[porter.sim] {wanted} as the default tensor type is not simulated on {name}")

    torch.set_default_tensor_type = set_default_tensor_type
