"""Questions about CUDA that are answered with no: a port that asks them goes on as if it had no accelerator."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..sources import caller
from .record import Record

_TYPES = ("Tensor", "Storage")


def watch(record: Record) -> None:
    """is_cuda, torch.version.cuda, old tensor types, and functions outside torch.cuda that ask about CUDA."""
    import torch
    import torch.distributed
    import torch.nn.utils.rnn

    for kind in (torch.nn.utils.rnn.PackedSequence, torch.UntypedStorage, torch.TypedStorage):
        _watch_is_cuda(kind, kind.is_cuda, f"{kind.__name__}.is_cuda", record)
    _watch_is_cuda(torch.Tensor, torch._C.TensorBase.is_cuda, "Tensor.is_cuda", record)
    _watch_version(torch.version, record)
    _watch_types(torch.cuda, record)
    for owner, name in (
        (torch.distributed, "is_nccl_available"),
        (torch.backends.cuda, "is_built"),
        (torch.backends.cudnn, "is_available"),
        (torch.backends.cudnn, "version"),
        (torch, "get_autocast_gpu_dtype"),
        (torch, "set_autocast_gpu_dtype"),
    ):
        _watch_function(owner, name, record)


def _watch_function(owner: Any, name: str, record: Record) -> None:
    if hasattr(owner, name):  # a torch without torch.distributed has none
        # The modules of torch.backends answer for themselves through objects, which have a name, too.
        setattr(owner, name, record.through(getattr(owner, name), f"{owner.__name__}.{name}"))


def _watch_is_cuda(kind: Any, original: Any, what: str, record: Record) -> None:
    def is_cuda(self: Any) -> bool:
        record(what, caller())
        return bool(original.__get__(self))

    kind.is_cuda = property(is_cuda)


def _watch_version(version: Any, record: Record) -> None:
    told = version.cuda

    class Version(ModuleType):
        """torch.version, of which one name is watched."""

        @property
        def cuda(self) -> Any:
            record("torch.version.cuda", caller())
            return told

    version.__class__ = Version


def _watch_types(cuda: Any, record: Record) -> None:
    """torch.cuda.FloatTensor and its kin: isinstance() is False for all that there is."""
    kept = {n: v for n, v in vars(cuda).items() if n.endswith(_TYPES) or n == "default_generators"}
    for name in kept:
        delattr(cuda, name)
    before = vars(cuda).get("__getattr__")

    def missing(name: str) -> Any:
        if name in kept:
            record(f"torch.cuda.{name}", sys._getframe(1))
            return kept[name]
        if before is not None:
            return before(name)
        raise AttributeError(f"module 'torch.cuda' has no attribute {name!r}")

    cuda.__getattr__ = missing
