"""Device memory in Python: through DLPack a CPU tensor's bytes become a device tensor, without a copy."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import torch

_EXTENSION_DEVICE = 12  # DLPack's kDLExtDev, which torch reads as PrivateUse1

_CODES = {  # dtype: DLPack's type code and bits
    torch.float32: (2, 32),
    torch.float64: (2, 64),
    torch.float16: (2, 16),
    torch.bfloat16: (4, 16),
    torch.int64: (0, 64),
    torch.int32: (0, 32),
    torch.int16: (0, 16),
    torch.int8: (0, 8),
    torch.uint8: (1, 8),
    torch.bool: (6, 8),
    torch.complex64: (5, 64),
    torch.complex128: (5, 128),
}


class _Device(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int32), ("index", ctypes.c_int32))


class _Type(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("dimensions", ctypes.c_int32),
        ("dtype", _Type),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


@dataclass
class _Held:
    """What must live as long as a device storage: the DLPack record, and the CPU tensor that owns the bytes."""

    managed: Any
    arrays: tuple[Any, Any]
    flat: Any
    address: int
    bytes: int


class Memory:
    """All device storages, by the address of their bytes."""

    def __init__(self) -> None:
        self.capacity = 0
        self.used = self.peak = self.allocations = 0
        self._held: dict[int, _Held] = {}
        self._owners: dict[int, Any] = {}
        self._deleter = _Deleter(self._release)

    def _release(self, managed: Any) -> None:
        held = self._held.pop(ctypes.addressof(managed.contents), None)
        if held is not None:
            self.used -= held.bytes
            if self._owners.get(held.address) is held.flat:
                del self._owners[held.address]

    def check_capacity(self, size: int) -> None:
        """An allocation beyond the capacity fails, as on hardware."""
        if self.used + size > self.capacity:
            raise torch.OutOfMemoryError(f"out of memory. Tried to allocate {size} bytes of {self.capacity}")

    def on_device(self, host: Any) -> Any:
        """A flat device tensor over the whole storage of a CPU tensor."""
        if host.dtype not in _CODES:
            raise NotImplementedError(f"[porter.sim] {host.dtype} needs the compiled device: install a C++ compiler")
        storage = host.untyped_storage()
        size = storage.nbytes()
        self.check_capacity(size)
        count = size // host.element_size()
        flat = torch.empty(0, dtype=host.dtype).set_(storage, 0, (count,), (1,))
        shape, strides = (ctypes.c_int64 * 1)(count), (ctypes.c_int64 * 1)(1)
        managed = _Managed()
        managed.tensor = _Tensor(
            storage.data_ptr(), _Device(_EXTENSION_DEVICE, 0), 1, _Type(*_CODES[host.dtype], 1), shape, strides, 0
        )
        managed.deleter = self._deleter
        address = ctypes.addressof(managed)
        self._held[address] = _Held(managed, (shape, strides), flat, storage.data_ptr(), size)
        if storage.data_ptr():
            self._owners[storage.data_ptr()] = flat
        self.used += size
        self.allocations += 1
        self.peak = max(self.peak, self.used)
        return torch._C._from_dlpack(_new_capsule(address, b"dltensor", None))

    def owner(self, storage: Any) -> Any:
        """The flat CPU tensor behind a device storage; None for an empty one."""
        return self._owners.get(storage.data_ptr())

    def twin(self, tensor: Any) -> Any:
        """The CPU tensor over the same bytes."""
        flat = self.owner(tensor.untyped_storage())
        if flat is None:
            return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype)
        typed = flat if flat.dtype == tensor.dtype else flat.view(torch.uint8).view(tensor.dtype)
        return typed.as_strided(tensor.size(), tensor.stride(), tensor.storage_offset())
