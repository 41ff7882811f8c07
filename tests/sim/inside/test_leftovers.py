"""What is left of CUDA: it fails, or is recorded with its line."""

import contextlib
import io
import os
import sys

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

CUDA_BUILD = torch.version.cuda is not None


@pytest.fixture
def recorded():
    sim = next(m for n, m in sys.modules.items() if n.endswith(".device") and hasattr(m, "installed"))
    witness = sim.installed().witness
    witness.clear()
    return lambda: {row["what"] for row in witness.table().get("leftovers", [])}


def checkpoint(device):
    """A checkpoint whose tensor was saved on a device."""
    saved = io.BytesIO()
    torch.save({"w": torch.ones(2)}, saved, _use_new_zipfile_serialization=False)
    name = device.encode()  # a pickled string has its length before it
    return io.BytesIO(saved.getvalue().replace(b"X\x03\0\0\0cpu", b"X" + bytes([len(name), 0, 0, 0]) + name))


def default_tensor_type():
    try:
        torch.set_default_tensor_type("torch.cuda.FloatTensor")
        torch.ones(1)
    finally:
        torch.set_default_tensor_type("torch.FloatTensor")


def default_device():
    torch.set_default_device("cuda")
    torch.set_default_device("cpu")


@pytest.mark.parametrize(
    "call",
    [
        lambda: default_tensor_type(),
        lambda: torch.ones(2).type("torch.cuda.HalfTensor"),
        lambda: torch.Generator(device="cuda"),
        lambda: torch.cuda.device(0).__enter__(),
        lambda: torch.cuda.Event().record(),
        lambda: torch.cuda.CUDAGraph(),
        lambda: torch.cuda.get_device_properties(0),
        lambda: torch.ones(2).pin_memory("cuda"),
        lambda: torch.load(checkpoint("cpu"), map_location="cuda"),
        lambda: torch.load(checkpoint("cuda:0")),
        lambda: torch.distributed.init_process_group("nccl", store=torch.distributed.HashStore(), rank=0, world_size=1),
        lambda: torch.ones(2).cuda(),
        lambda: torch.ones(2).to("cuda"),
        lambda: nn.Linear(2, 2).cuda(),
        lambda: torch.zeros(1, device="cuda"),
        lambda: torch.cuda.set_device(0),
        lambda: torch.cuda.current_device(),
        lambda: torch.cuda.FloatTensor(2),
        lambda: torch.cuda.Stream(),
        lambda: torch.cuda.synchronize(),
    ],
)  # fmt: skip
def test_the_loud_ones_fail(call):
    with pytest.raises((AssertionError, AttributeError, RuntimeError, TypeError, ValueError)):
        call()


def test_the_error_names_the_line():
    with pytest.raises((AssertionError, RuntimeError), match=r"leftover CUDA at .*test_leftovers.py:\d+"):
        torch.ones(2).cuda()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "what, call",
    [
        ("torch.cuda.is_available", lambda: torch.cuda.is_available()),
        ("torch.cuda.device_count", lambda: torch.cuda.device_count()),
        ("torch.cuda.memory.empty_cache", lambda: torch.cuda.memory.empty_cache()),
        ("torch.cuda.empty_cache", lambda: torch.cuda.empty_cache()),
        ("torch.cuda.manual_seed_all", lambda: torch.cuda.manual_seed_all(0)),
        ("torch.cuda.memory_allocated", lambda: torch.cuda.memory_allocated()),
        ('torch.amp.autocast("cuda")', lambda: torch.autocast("cuda")),
        ('torch.amp.autocast("cuda")', lambda: torch.cuda.amp.autocast()),
        ('torch.amp.GradScaler("cuda")', lambda: torch.cuda.amp.GradScaler()),
        ('torch.amp.GradScaler("cuda")', lambda: torch.amp.GradScaler()),
        ("torch.cuda.is_bf16_supported", lambda: torch.cuda.is_bf16_supported()),
        ("torch.cuda.nccl.is_available", lambda: torch.cuda.nccl.is_available([])),
        ("torch.cuda.device_of", lambda: torch.cuda.device_of(torch.ones(1)).__enter__()),
        ("torch.cuda.device", lambda: torch.cuda.device(-1).__enter__()),
        ("torch.cuda.stream", lambda: torch.cuda.stream(None).__enter__()),
        ("torch.cuda.default_generators", lambda: [g.seed() for g in torch.cuda.default_generators]),
        ("torch.cuda.FloatTensor", lambda: isinstance(torch.ones(1), torch.cuda.FloatTensor)),
        ("torch.cuda.amp.custom_fwd", lambda: torch.cuda.amp.custom_fwd(lambda _ctx, x: x)),
        ('torch.amp.custom_bwd("cuda")', lambda: torch.amp.custom_bwd(lambda _ctx, x: x, device_type="cuda")),
        ('DataLoader(pin_memory_device="cuda")', lambda: DataLoader([1], pin_memory_device="cuda:0")),
        ('torch.set_default_device("cuda")', default_device),
        ('torch.get_device_module("cuda")', lambda: torch.get_device_module("cuda")),
        ('torch.random.fork_rng("cuda")', lambda: torch.random.fork_rng([], device_type="cuda").__enter__()),
        ("torch.autograd.profiler.profile of CUDA", lambda: torch.autograd.profiler.profile(use_device="cuda")),
        ("torch.get_autocast_gpu_dtype", lambda: torch.get_autocast_gpu_dtype()),
        ("torch.set_autocast_gpu_dtype", lambda: torch.set_autocast_gpu_dtype(torch.float16)),
        ("torch.distributed.is_nccl_available", lambda: torch.distributed.is_nccl_available()),
        ("torch.backends.cuda.is_built", lambda: torch.backends.cuda.is_built()),
        ("torch.backends.cudnn.is_available", lambda: torch.backends.cudnn.is_available()),
        ("torch.version.cuda", lambda: torch.version.cuda),
        ("Tensor.is_cuda", lambda: torch.ones(1).is_cuda),
        ("PackedSequence.is_cuda", lambda: nn.utils.rnn.pack_sequence([torch.ones(1)]).is_cuda),
        ("UntypedStorage.is_cuda", lambda: torch.ones(1).untyped_storage().is_cuda),
        ("CUDA_VISIBLE_DEVICES", lambda: os.environ.update(CUDA_VISIBLE_DEVICES="0")),
        ("NCCL_DEBUG", lambda: os.getenv("NCCL_DEBUG")),
    ],
)
def test_the_silent_ones_are_recorded(recorded, what, call):
    if not hasattr(torch, "get_device_module") and "get_device_module" in what:
        return  # not before torch 2.5
    with contextlib.suppress(RuntimeError) if CUDA_BUILD else contextlib.nullcontext():
        call()  # without a driver, a CUDA build of torch refuses some
    assert recorded() - ({"CUDA was asked for"} if CUDA_BUILD else set()) == {what}


def test_a_wrong_argument_is_still_torchs_to_refuse():
    for call in (lambda: torch.autocast(), lambda: torch.amp.GradScaler("cuda", wrong=1), lambda: torch.cuda.Fancy):
        with pytest.raises((TypeError, AttributeError)):
            call()


@pytest.mark.compiled
def test_a_good_port_leaves_nothing(name, ns, recorded):
    net = nn.Linear(2, 2).to(name)
    with torch.autocast(name, dtype=torch.float16):
        net(torch.ones(1, 2, device=name)).sum().backward()
    torch.optim.AdamW(net.parameters()).step()
    torch.manual_seed(0)
    ns.empty_cache()
    assert recorded() == set()
