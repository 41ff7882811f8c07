"""Gives a model that is cut over several processes the group of one that its layers ask for."""

from __future__ import annotations

import os
import sys
from typing import Any

from .faults import NotRunnable

_KEEPERS = ("fairscale.nn.model_parallel.initialize", "megatron.core.parallel_state", "megatron.core.mpu")
_NOTE = "its layers want a group of processes to be cut over, so the harness made one"


def alone(notes: list[str]) -> None:
    """For what the repository's modules have imported; nothing where a group is there already."""
    for keeper in filter(None, map(sys.modules.get, _KEEPERS)):
        if "LOCAL_RANK" in os.environ:
            raise NotRunnable(
                "its layers are cut over processes in a way of their own, so only its own scripts can do it"
            )
        if not keeper.model_parallel_is_initialized():
            _group()
            keeper.initialize_model_parallel(1)
            notes.append(_NOTE)


def _group() -> Any:
    import torch.distributed as dist

    if not dist.is_initialized():
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
