"""What a vendor has for names of torch outside torch.cuda: switches of libraries, process groups, profilers."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from .facts import Facts


class Group(ModuleType):
    """A group of a vendor's settings. A name that the vendor does not have cannot be set, as on the real one."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in vars(self):
            raise AttributeError(f"{self.__name__} has no {name}")
        super().__setattr__(name, value)


def place(facts: Facts) -> None:
    """Puts a counterpart where the vendor's release has one; what is there already stays."""
    for name, counterpart in counterparts(facts).items():
        dotted = facts.outside.get(name)
        if dotted:
            put(dotted, counterpart)


def counterparts(facts: Facts) -> dict[str, Any]:
    """By the name in torch for CUDA. A switch keeps what is set; it changes no numbers here."""
    import torch

    made: dict[str, Any] = {
        "torch.backends.cuda.matmul.allow_tf32": False,
        "torch.backends.cudnn.allow_tf32": True,
        "torch.backends.cudnn.enabled": False,
        "torch.backends.cuda.cufft_plan_cache": SimpleNamespace(size=0, max_size=99, clear=lambda: None),
        "torch.autograd.profiler.emit_nvtx": _ranges(),
    }
    activities = torch.profiler.ProfilerActivity
    if hasattr(activities, "PrivateUse1"):
        made["torch.profiler.ProfilerActivity.CUDA"] = activities.PrivateUse1
    if torch.distributed.is_available():
        made["torch.distributed.ProcessGroupNCCL"] = _process_group(facts.backend)
    return made


def put(dotted: str, value: object) -> None:
    """Makes a dotted name exist, and the groups on the way to it."""
    first, *path, last = dotted.split(".")
    outer: Any = sys.modules[first]
    for part in path:
        if not hasattr(outer, part):
            group = sys.modules[f"{outer.__name__}.{part}"] = Group(f"{outer.__name__}.{part}")
            vars(group)["__path__"] = []
            vars(outer)[part] = group
        outer = getattr(outer, part)
    if hasattr(outer, last):
        return
    if isinstance(outer, ModuleType):
        vars(outer)[last] = value
    else:
        setattr(outer, last, value)


def _ranges() -> type:
    class emit_ranges:
        """A scope in which the vendor's profiler sees every operator; none listens here."""

        def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
            self.enabled, self.record_shapes = enabled, record_shapes

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_error: object) -> None:
            """Lets errors pass."""

    return emit_ranges


def _process_group(backend: str) -> type:
    """The vendor's class of process groups: gloo below, as for all collectives here."""
    import torch.distributed as dist

    gloo: Any = dist.ProcessGroupGloo

    class ProcessGroup(gloo):
        """A group of the vendor's collectives."""

        class Options:
            """What can be told to a new group."""

            def __init__(self, is_high_priority_stream: bool = False) -> None:
                self.is_high_priority_stream = is_high_priority_stream

    ProcessGroup.__name__ = f"ProcessGroup{backend.upper()}"
    return ProcessGroup
