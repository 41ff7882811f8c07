"""The one kernel that answers every operator, in Python: device tensors in, their CPU twins through torch, and back."""

from __future__ import annotations

import collections
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from .memory import Memory

_CPU = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
_INDEXING = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index"}
_WAITING = {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal", "aten::_unique2"}


@dataclass
class Kernel:
    """Runs operators for the device `name`."""

    name: str
    memory: Memory
    check_context: Callable[[], None]
    check_dtype: Callable[[Any, str], None]
    count_wait: Callable[[str], None]
    generator: Any = field(default_factory=torch.Generator)
    host_scalars: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    calls: collections.Counter[str] = field(default_factory=collections.Counter)

    def __call__(self, op: Any, *args: Any, **kwargs: Any) -> Any:
        self.check_context()
        self.calls[op.name()] += 1
        if op.name() in self.refused:
            raise NotImplementedError(f"[porter.sim] {self.refused[op.name()]}")
        if op._schema.name in _WAITING:
            self.count_wait(op.name())
        call = _Call(self, op)
        arguments = op._schema.arguments
        host_args = [call.enter(a, arguments[i]) for i, a in enumerate(args)]
        host_kwargs = {a.name: call.enter(kwargs[a.name], a) for a in arguments if a.name in kwargs}
        if any(a.name == "generator" for a in arguments) and host_kwargs.get("generator") is None:
            host_kwargs["generator"] = self.generator
        call.check_strays()
        try:
            result = op(*host_args, **host_kwargs)
        except RuntimeError as error:
            # A wrapped Python number reaches Python as a plain number: the overload that takes numbers is meant.
            if "Expected a value of type 'Tensor'" not in str(error):
                raise
            result = op.overloadpacket(*host_args, **host_kwargs)
        call.propagate()
        return call.leave(result)

    def wrap(self, host: Any) -> Any:
        """A device tensor over a CPU tensor's bytes, in its shape."""
        return self.shaped(self.memory.on_device(host), host)

    @staticmethod
    def shaped(device: Any, like: Any) -> Any:
        """A view of a device tensor in the shape of another tensor."""
        view = torch.ops.aten.as_strided.default.redispatch
        return view(_CPU, device, like.size(), like.stride(), like.storage_offset())


class _Call:
    """One operator call, carried over to the CPU and back."""

    def __init__(self, kernel: Kernel, op: Any) -> None:
        self.kernel, self.op = kernel, op
        self.crossed: list[tuple[Any, Any, int, bool]] = []  # device, host, host storage before, written
        self.stray = ""

    def enter(self, value: Any, argument: Any) -> Any:
        written = argument.alias_info is not None and argument.alias_info.is_write
        if isinstance(value, torch.Tensor):
            return self._enter_tensor(value, argument.name, written)
        if isinstance(value, (list, tuple)):
            return type(value)(self.enter(v, argument) for v in value)
        if isinstance(value, torch.device) and value.type == self.kernel.name:
            return torch.device("cpu")
        if isinstance(value, torch.Generator) and value is not self.kernel.generator:
            raise RuntimeError(f"Expected a '{self.kernel.name}' device type for generator but found 'cpu'")
        return value

    def _enter_tensor(self, tensor: Any, argument: str, written: bool) -> Any:
        if tensor.device.type != self.kernel.name:
            scalar = tensor.dim() == 0 and self.op.name() in self.kernel.host_scalars
            index = self.op._schema.name in _INDEXING and (argument == "indices" or tensor.dim() == 0)
            if tensor.device.type == "cpu" and (written or not (scalar or index)):
                self.stray = self.stray or argument
            return tensor
        self.kernel.check_dtype(tensor.dtype, self.op.name())
        host = self.kernel.memory.twin(tensor)
        self.crossed.append((tensor, host, host.untyped_storage()._cdata, written))
        return host

    def check_strays(self) -> None:
        if self.stray and self.crossed:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{self.kernel.name}:0 and cpu! (when checking argument for argument {self.stray} "
                f"in method {self.op.name()})"
            )

    def propagate(self) -> None:
        """A written argument may have another shape or storage now: its device tensor follows."""
        set_ = torch.ops.aten.set_.source_Storage_storage_offset.redispatch
        for device, host, before, written in self.crossed:
            same_shape = (host.shape, host.stride(), host.storage_offset()) == (
                *(device.shape, device.stride()),
                device.storage_offset(),
            )
            if written and not (same_shape and host.untyped_storage()._cdata == before):
                shared = self._sharing(host, but=device)
                storage = (self.kernel.memory.on_device(host) if shared is None else shared).untyped_storage()
                set_(_CPU, device, storage, host.storage_offset(), host.size(), host.stride())

    def _sharing(self, host: Any, but: Any = None) -> Any:
        """The device tensor of this call that has the same bytes as a CPU tensor."""
        address = host.untyped_storage().data_ptr()
        for device, _, _, _ in self.crossed:
            if device is not but and address and device.untyped_storage().data_ptr() == address:
                return device
        return None

    def leave(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(self.leave(v) for v in value)
        if not isinstance(value, torch.Tensor) or value.device.type != "cpu":
            return value
        for device, host, _, _ in self.crossed:
            if value is host:
                return device
        if value.layout != torch.strided or value.is_quantized:
            raise NotImplementedError(f"[porter.sim] {self.op.name()}: {value.layout} tensors are not simulated")
        self.kernel.check_dtype(value.dtype, self.op.name())
        shared = self._sharing(value)
        if shared is not None and shared.dtype == value.dtype:
            return Kernel.shaped(shared, value)
        return self.kernel.wrap(value)
