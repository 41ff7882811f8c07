"""What is left of CUDA: it fails, or is recorded with its line."""

import sys

import pytest
import torch
from torch import nn


@pytest.fixture
def recorded():
    sim = next(m for n, m in sys.modules.items() if n.endswith(".device") and hasattr(m, "installed"))
    witness = sim.installed().witness
    witness.clear()
    return lambda: {row["what"] for row in witness.table().get("leftovers", [])}


@pytest.mark.parametrize(
    "call",
    [
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
    with pytest.raises((AssertionError, RuntimeError, TypeError, AttributeError)):
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
        ("Tensor.is_cuda", lambda: torch.ones(1).is_cuda),
    ],
)
def test_the_silent_ones_are_recorded(recorded, what, call):
    call()
    assert recorded() == {what}


@pytest.mark.compiled
def test_a_good_port_leaves_nothing(name, ns, recorded):
    net = nn.Linear(2, 2).to(name)
    with torch.autocast(name, dtype=torch.float16):
        net(torch.ones(1, 2, device=name)).sum().backward()
    torch.optim.AdamW(net.parameters()).step()
    torch.manual_seed(0)
    ns.empty_cache()
    assert recorded() == set()
