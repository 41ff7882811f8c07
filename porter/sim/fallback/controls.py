"""The controls of the device in Python: what csrc/portersim.cpp offers, as far as Python can."""

from __future__ import annotations

import collections
import ctypes
import functools
import json
import math
import threading
from typing import Any

import torch

from ..errors import SimulationError
from ..options import THREAD_RULES
from ..witness import DTYPE, NO_CONTEXT
from . import storages
from .kernel import Kernel
from .memory import Memory

_NARROWED_OR_REFUSED = (1, 2)  # of DtypeRule in csrc/dtypes.h; 3 is doubtful
_COPIES = ("host_to_device", "device_to_host", "on_device")


class PythonControls:
    """One device, without streams, collectives, pinned memory or autocast."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._memory = Memory()
        self._kernel = Kernel(name, self._memory, self._check_context, self._check_dtype, self.count_wait)
        self._rule = self._context_error = ""
        self._thread = threading.local()
        self._initialized = False
        self._dtypes: dict[Any, tuple[int, str]] = {}
        self._witness: Any = None
        self._tracing = False
        self._copies = {kind: [0, 0] for kind in (*_COPIES, "between_devices")}
        self._waits = 0
        self._kept: list[Any] = []  # registrations last as long as these objects

    def start(self, devices: int, memory: int, thread_rule: int, context_error: str) -> int:
        if devices != 1:
            raise SimulationError("without a C++ compiler one device is simulated: install g++ for more.")
        self._memory.capacity = memory
        self._rule = THREAD_RULES[thread_rule]
        self._context_error = context_error
        self._register_device()
        storages.carry(self._name, self._memory)
        _refuse_autocast(self._name)
        torch.Tensor.pin_memory = torch.Tensor.clone  # there is nothing to pin to
        for cell in ("aten::_thnn_fused_lstm_cell", "aten::_thnn_fused_gru_cell"):
            self.refuse_operator(cell, "LSTM and GRU layers need the compiled device: install a C++ compiler")
        return self._answer_all()

    def _register_device(self) -> None:
        from torch.utils.backend_registration import _DummyDeviceGuard, _DummyPrivateUse1Hook

        self._kept += [_DummyPrivateUse1Hook(), _DummyDeviceGuard()]
        torch._C._acc.register_python_privateuseone_hook(self._kept[0])
        torch._C._acc.register_python_privateuseone_device_guard(self._kept[1])

    def _answer_all(self) -> int:
        everything, aten = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
        autocast = torch.library.Library("_", "IMPL")
        self._kept += [everything, aten, autocast]
        autocast.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
        everything.fallback(self._kernel, "PrivateUse1")
        own = {
            "empty.memory_format": self._empty,
            "empty_strided": self._empty_strided,
            "_copy_from": self._copy_from,
            "_copy_from_and_resize": lambda source, to: self._copy_from(source, to.resize_(source.shape)),
            "set_.source_Storage": storages.set_whole,
            "_has_compatible_shallow_copy_type": _can_take_over,
            "set_.source_Storage_storage_offset": storages.set_part,
        }
        aten.impl("_has_compatible_shallow_copy_type", _can_take_over, "AutogradPrivateUse1")
        for name, function in own.items():
            aten.impl(name, function, "PrivateUse1")
        answered = 0
        for name in torch._C._dispatch_get_all_op_names():
            packet, _, overload = name.removeprefix("aten::").partition(".")
            plain = packet in ("_convolution", "convolution_backward")
            op = getattr(getattr(torch.ops.aten, packet, None), overload or "default", None)
            has = torch._C._dispatch_has_kernel_for_dispatch_key
            if op is None or not name.startswith("aten::") or has(name, "PrivateUse1"):
                continue
            if plain or has(name, "CPU"):
                aten.impl(name.removeprefix("aten::"), functools.partial(self._kernel, op), "PrivateUse1")
                answered += 1
        return answered

    def _empty(self, size: Any, *, dtype: Any = None, memory_format: Any = None, device: Any = None, **_: Any) -> Any:
        self._check_allocation(size, dtype, device)
        form = {} if memory_format is None else {"memory_format": memory_format}
        return self._kernel.wrap(torch.empty(size, dtype=dtype, **form))

    def _empty_strided(self, size: Any, stride: Any, *, dtype: Any = None, device: Any = None, **_: Any) -> Any:
        self._check_allocation(size, dtype, device)
        return self._kernel.wrap(torch.empty_strided(size, stride, dtype=dtype))

    def _check_allocation(self, size: Any, dtype: Any, device: Any) -> None:
        self._check_context()
        self._check_index((device.index or 0) if isinstance(device, torch.device) else 0)
        self._memory.check_capacity(math.prod(size) * (dtype or torch.get_default_dtype()).itemsize)

    def _check_index(self, index: int) -> None:
        if index != 0:
            raise RuntimeError(f"invalid {self._name} device index {index}: there are 1 simulated devices")

    def _copy_from(self, source: Any, to: Any, non_blocking: bool = False) -> Any:
        del non_blocking
        self._check_context()
        leaves, arrives = (t.device.type == self._name for t in (source, to))
        kind = "on_device" if leaves and arrives else "host_to_device" if arrives else "device_to_host"
        size = source.numel() * source.element_size()
        self._copies[kind][0] += 1
        self._copies[kind][1] += size
        if kind != "on_device":
            self._tell(1 + _COPIES.index(kind), "copy", size)
        if arrives and (not leaves or source.dtype != to.dtype):
            self._check_dtype(to.dtype, "a conversion on the device" if leaves else "a copy to the device")
        twin = self._memory.twin
        (twin(to) if arrives else to).copy_(twin(source) if leaves else source)
        return to

    # ---- rules

    def _check_context(self) -> None:
        if getattr(self._thread, "ready", False):
            return
        # torch's own threads appear in Python as dummies: they have a context, as on hardware.
        own = not isinstance(threading.current_thread(), threading._DummyThread)
        if self._initialized and own and self._rule == "strict" and self._ask(NO_CONTEXT, "thread without a context"):
            raise RuntimeError(
                f"[porter.sim] the context is empty in this thread{self._context_error}: "
                f"call torch.{self._name}.set_device(...) in this thread first"
            )
        self._initialized = self._thread.ready = True

    def _check_dtype(self, dtype: Any, where: str) -> None:
        rule, reason = self._dtypes.get(dtype, (0, ""))
        if rule == 0:
            return
        what = f"{dtype} in {where}"
        asked = self._ask(DTYPE, what)
        if rule == 1 or (rule in _NARROWED_OR_REFUSED and asked):
            raise RuntimeError(f"[porter.sim] {self._name}: {reason} ({what})")

    def _ask(self, event: int, what: str, amount: int = 0) -> bool:
        return self._witness is None or self._witness(event, what.encode(), amount) != 0

    def _tell(self, event: int, what: str, amount: int = 0) -> None:
        if self._tracing:
            self._ask(event, what, amount)

    # ---- what the namespace asks

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def set_device(self, index: int) -> None:
        self._check_index(index)
        self._initialized = self._thread.ready = True

    def exchange_device(self, index: int) -> int:
        if index >= 0:
            self.set_device(index)
        return 0

    def current_stream(self, device: int) -> int:
        return device * 0

    def set_stream(self, device: int, stream: int) -> None:
        raise NotImplementedError(f"[porter.sim] stream {stream} of {device} needs the compiled device")

    def is_initialized(self) -> bool:
        return self._initialized

    def in_bad_fork(self) -> bool:
        return False

    def memory_used(self, device: int) -> int:
        return self._memory.used + device * 0

    def memory_peak(self, device: int) -> int:
        return self._memory.peak + device * 0

    def memory_allocations(self, device: int) -> int:
        return self._memory.allocations + device * 0

    def memory_capacity(self) -> int:
        return self._memory.capacity

    def set_memory_capacity(self, bytes: int) -> None:
        self._memory.capacity = bytes

    def reset_memory_peak(self, device: int) -> None:
        self._memory.peak = self._memory.used + device * 0

    def resize_storage(self, t: Any, bytes: int) -> None:
        raise NotImplementedError(
            f"[porter.sim] resizing the storage of {t.shape} to {bytes} needs the compiled device"
        )

    def default_generator(self, device: int) -> Any:
        del device
        return self._kernel.generator

    # ---- tables and trace

    def allow_host_scalars(self, operators: list[str]) -> None:
        self._kernel.host_scalars.update(operators)

    def doubt_operators(self, operators: list[str]) -> None:
        del operators  # only the compiled device tells them

    fall_back_operators = doubt_operators

    def refuse_operator(self, name: str, reason: str) -> None:
        self._kernel.refused[name] = reason

    def rule_dtype(self, dtype: Any, rule: int, reason: str) -> None:
        self._dtypes[dtype] = (rule, reason)

    def set_witness(self, function: int) -> None:
        self._witness = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int64)(function)

    def trace(self, on: bool) -> None:
        self._tracing = on

    def watch_host(self, on: bool) -> None:
        del on  # operators on the CPU are seen by the compiled device only

    own_work = log = watch_host

    def log_lines(self) -> list[str]:
        return []

    def count_wait(self, what: str) -> None:
        self._waits += 1
        self._tell(3, what)

    def answer_collectives(self) -> int:
        return 0

    def answer_sparse(self, known: bool) -> None:
        """Sparse tensors need the compiled device; torch says which function is missing."""

    def totals(self) -> str:
        calls = {f"{self._name}:0": dict(self._kernel.calls)} if self._kernel.calls else {}
        copies = {kind: {"count": count, "bytes": size} for kind, (count, size) in self._copies.items()}
        return json.dumps(
            {"operators": calls, "host_fallbacks": {}, "host_operators": {}, "copies": copies, "waits": self._waits}
        )

    def reset_totals(self) -> None:
        self._kernel.calls = collections.Counter()
        self._copies = {kind: [0, 0] for kind in self._copies}
        self._waits = 0


def _can_take_over(to: Any, source: Any) -> bool:
    """A parameter keeps its identity on its way to the device, as with the vendors' plug-ins."""
    return bool(to.layout == source.layout == torch.strided)


def _refuse_autocast(name: str) -> None:
    """Autocast without its operator lists would silently do nothing."""
    autocast = torch.amp.autocast_mode.autocast
    enter = autocast.__enter__

    def refuse(self: Any) -> Any:
        if self.device == name and self._enabled:
            raise NotImplementedError("[porter.sim] autocast needs the compiled device: install a C++ compiler")
        return enter(self)

    autocast.__enter__ = refuse
