"""A few training steps of the tiny model in several processes, as torchrun starts them: DDP, and sharded both ways."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist

from .build import another, device, model_of
from .digest import digest
from .faults import NotRunnable, fault
from .inputs import label, made
from .train_step import loss_of

STEPS = 3


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """Losses and weights of each way, with the group's backend told by the order."""
    rank, ranks = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    _, notes = model_of(order)
    if device() != "cpu":
        devices = torch.get_device_module(device())
        if devices.device_count() < ranks:
            raise NotRunnable(f"there are {devices.device_count()} devices, and it takes {ranks}")
        devices.set_device(rank)
    dist.init_process_group(order["backend"])
    ways: dict[str, Callable[[Any], Any]] = {"DDP": _ddp, "FSDP": _sharded}
    if device() != "cpu":  # on which the older FSDP gathers its weights into a crash (torch 2.13)
        ways["FSDP1"] = _sharded_as_before
    trained = {}
    for name, wrap in ways.items():
        try:
            trained[name] = _trained(another(order), wrap, order, rank)
        except Exception as error:  # the other rank waits for this one: both leave, and the parent ends what hangs
            trained[name] = {"fault": fault(error, order["root"])}
            break
    dist.barrier() if not any("fault" in seen for seen in trained.values()) else None
    dist.destroy_process_group()
    return {"notes": notes, "trained": trained}


def _place() -> torch.device:
    """The device of this process; the CPU is one for all."""
    return torch.device(device(), None if device() == "cpu" else int(os.environ["LOCAL_RANK"]))


def _ddp(model: Any) -> Any:
    return torch.nn.parallel.DistributedDataParallel(model, device_ids=None if device() == "cpu" else [_place()])


def _sharded(model: Any) -> Any:
    try:
        from torch.distributed.fsdp import fully_shard
    except ImportError as error:
        raise NotRunnable("this torch has no fully_shard") from error
    from torch.distributed.device_mesh import init_device_mesh

    return fully_shard(model, mesh=init_device_mesh(device(), (dist.get_world_size(),)))


def _sharded_as_before(model: Any) -> Any:
    """The older FSDP, a module around the model, which the scripts of its time use."""
    from torch.distributed.fsdp import FullyShardedDataParallel

    return FullyShardedDataParallel(model, device_id=_place(), use_orig_params=True)


def _trained(model: Any, wrap: Callable[[Any], Any], order: dict[str, Any], rank: int) -> dict[str, Any]:
    given = {name: _own(value, rank) for name, value in made(order["recipe"], str(_place())).items()}
    labels = label(model, given)
    model = wrap(model.to(_place()).train())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, foreach=False)
    losses = []
    torch.manual_seed(11 + rank)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model, given, labels)
        loss.backward()
        optimizer.step()
        total = loss.detach().clone()
        dist.all_reduce(total)
        losses.append(total.item().hex())
    return {"losses": losses, "weights": _whole(model)}


def _own(value: Any, rank: int) -> Any:
    """Other numbers for every process, in another order."""
    return value.roll(rank, 0) if isinstance(value, torch.Tensor) else value


def _whole(model: Any) -> dict[str, str]:
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    return {name: digest(tensor) for name, tensor in state.items()}
