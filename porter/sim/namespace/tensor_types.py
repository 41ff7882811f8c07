"""The old tensor and storage types of a device, torch.npu.FloatTensor and its kin: makers and targets of isinstance."""

from __future__ import annotations

from typing import Any

import torch

from .base import Base

DTYPES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Int": "int32",
    "Long": "int64",
    "Short": "int16",
    "Byte": "uint8",
    "Char": "int8",
    "Bool": "bool",
}


def members(base: Base) -> dict[str, Any]:
    """FloatTensor, DoubleTensor, … and FloatStorage, DoubleStorage, …"""
    tensors = {f"{kind}Tensor": _tensor_type(base.name, f"{kind}Tensor", dtype) for kind, dtype in DTYPES.items()}
    return tensors | {f"{kind}Storage": _storage_type(base.name, f"{kind}Storage", d) for kind, d in DTYPES.items()}


def _tensor_type(device: str, name: str, dtype_name: str) -> type:
    dtype = getattr(torch, dtype_name)

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, torch.Tensor) and instance.device.type == device and instance.dtype == dtype

        def __call__(cls, *content: Any) -> Any:
            sizes = content and all(isinstance(c, int) for c in content)
            if not content or sizes or isinstance(content[0], torch.Size):
                return torch.empty(*content or (0,), dtype=dtype, device=device)
            return torch.tensor(content[0], dtype=dtype, device=device)

    return Kind(name, (), {"dtype": dtype, "__module__": f"torch.{device}"})


def _storage_type(device: str, name: str, dtype_name: str) -> type:
    dtype = getattr(torch, dtype_name)

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            if not isinstance(instance, torch.TypedStorage):
                return False
            return bool(instance.device.type == device and instance.dtype == dtype)

        def __call__(cls, *content: Any) -> Any:
            values = torch.empty(*content or (0,)) if not content or isinstance(content[0], int) else content[0]
            return torch.as_tensor(values, dtype=dtype, device=device).storage()

    return Kind(name, (), {"dtype": dtype, "__module__": f"torch.{device}"})
