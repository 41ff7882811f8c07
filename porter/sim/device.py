"""Puts the simulated device of a vendor into this process: torch's PrivateUse1 backend under the vendor's own name."""

from __future__ import annotations

import atexit
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import default_types
from . import facts as known
from .controls import Controls
from .errors import SimulationError
from .facts import Facts
from .options import DTYPE_RULES, THREAD_RULES, Options
from .sources import Sources
from .witness import Witness

_DTYPE_RULES = ("fine", "refused", "narrowed", "doubtful")  # in the order of DtypeRule in csrc/dtypes.h
_STRICT = DTYPE_RULES[0]


class Device:
    """The one simulated device type of this process."""

    def __init__(self, options: Options, facts: Facts, controls: Controls) -> None:
        self.options = options
        self.facts = facts
        self.controls = controls
        self.witness = Witness(Sources(options.root), options.dtypes == _STRICT)
        self.module: Any = None


_prepared: Device | None = None
_installed = False


def installed() -> Device | None:
    """The device that this process simulates, if it does."""
    return _prepared if _installed else None


def prepare(options: Options) -> Device:
    """Loads the device without giving it a name yet: nothing runs on it, but what runs on the CPU can be watched."""
    global _prepared
    import torch  # noqa: F401  # first: where it was not yet imported, its import prepares the device, too

    if _prepared is None:
        facts = known.load(options.target)
        _prepared = Device(options, facts, _controls(options, facts))
        _prepared.controls.set_witness(_prepared.witness.address)
    if _prepared.options.target != options.target:
        raise SimulationError(
            f"this process simulates {_prepared.options.target} already, and torch carries one such device: "
            f"simulate {options.target} in a process of its own."
        )
    return _prepared


def install(options: Options) -> Device:
    """Simulates the device from now on, for the whole process; a process can simulate one kind only."""
    global _installed
    device = prepare(options)
    if _installed:
        return device
    start(device)
    if device.facts.device == "cuda":
        from . import cuda

        cuda.take_over(device)
    else:
        _register_module(device)
    default_types.provide(device)
    keep_printing_on_host(device)
    wait_for_autograd_at_exit()
    _installed = True
    return device


def _controls(options: Options, facts: Facts) -> Controls:
    if not options.compiler:
        from . import fallback

        return fallback.controls(facts.device)
    import torch

    from . import build

    name = build.CUDA if facts.device == "cuda" else build.VENDOR
    torch.ops.load_library(str(build.library(name)))
    controls: Controls = getattr(torch.ops, name)
    return controls


def start(device: Device) -> None:
    """Tells the device its rules."""
    options, facts, controls = device.options, device.facts, device.controls
    threads = options.threads or facts.threads
    controls.start(options.devices, options.capacity, THREAD_RULES.index(threads), facts.context_error)
    controls.allow_host_scalars(list(_host_scalar_operators()))
    controls.fall_back_operators(facts.host_fallbacks)
    controls.doubt_operators(facts.doubtful_operators)
    if facts.sparse != "no":
        controls.answer_sparse(facts.sparse == "yes")
    _rule_dtypes(device)


def _rule_dtypes(device: Device) -> None:
    import torch

    rules = {name: (fact.rule, fact.reason) for name, fact in device.facts.dtypes.items()}
    rules.update({name: ("refused", f"this chip has no {name}") for name in device.options.lacking})
    for name, (rule, reason) in rules.items():
        dtype = getattr(torch, name, None)
        if dtype is None and name in device.options.lacking:
            raise SimulationError(f"{name!r} is no dtype of torch: use names such as bfloat16.")
        if dtype is not None:
            told = rule if device.options.dtypes == _STRICT else "doubtful"
            device.controls.rule_dtype(dtype, _DTYPE_RULES.index(told), reason)


@lru_cache(maxsize=1)
def _host_scalar_operators() -> tuple[str, ...]:
    """The operators into which torch lets a 0-dim CPU tensor: `device_check: NoCheck` in the list that torch ships."""
    import torchgen

    listed = Path(torchgen.__file__).parent / "packaged" / "ATen" / "native" / "native_functions.yaml"
    names, current = [], ""
    with listed.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("- func: "):
                current = line[len("- func: ") :].partition("(")[0]
            elif line.startswith("  device_check: NoCheck"):
                names.append("aten::" + current)
    return tuple(names)


def _register_module(device: Device) -> None:
    """Gives the device its name, torch.<name>, Tensor.<name>(), Module.<name>() and its collectives."""
    import torch

    from . import collectives, namespace
    from .namespace.base import Base

    name = device.facts.device
    torch.utils.rename_privateuse1_backend(name)
    module = device.module = namespace.build(
        Base(name, device.facts, device.controls, device.witness, device.options.lacking)
    )
    torch._register_device_module(name, module)
    torch.utils.generate_methods_for_privateuse1_backend(
        for_storage=True,
        unsupported_dtype=[torch.quint8, torch.quint4x2, torch.quint2x4, torch.qint32, torch.qint8],
    )
    collectives.register(device)
    _choose_for_checkpoints(name)


def _choose_for_checkpoints(name: str) -> None:
    """The vendors' plug-ins do this, too: torch before 2.5 recomputes for CUDA unless it is told of another device."""
    from torch.utils.checkpoint import DefaultDeviceType

    DefaultDeviceType.set_device_type(name)


def keep_printing_on_host(device: Device) -> None:
    """Printing a tensor computes on it (min, max, double()); vendors do that on a host copy, and so does this."""
    import torch._tensor_str as printing

    original = printing._tensor_str

    def on_host(tensor: Any, indent: int) -> Any:
        if tensor.device.type != device.facts.device:
            return original(tensor, indent)
        device.controls.own_work(True)
        try:
            return original(tensor.detach().cpu(), indent)
        finally:
            device.controls.own_work(False)

    printing._tensor_str = on_host


def wait_for_autograd_at_exit() -> None:
    """A thread of the autograd engine may still drop Python objects while Python ends, and would abort the process."""
    atexit.register(time.sleep, 0.1)
