"""Tensors on two devices in one operator: refused as on hardware, with the exceptions that torch itself makes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

BOTH = "same device"


@pytest.mark.parametrize(
    "call",
    [
        lambda x, c: x + c,
        lambda x, c: x @ c,
        lambda x, c: torch.cat([x, c]),
        lambda x, c: c.add_(x),
        lambda x, c: torch.where(c > 0, x, x),
        lambda x, _: x.index_select(0, torch.tensor([0])),
        lambda x, _: x.gather(0, torch.zeros(1, 3, dtype=torch.long)),
        lambda x, c: x.masked_fill(c > 0, 1.0),
        lambda x, _: torch.addmm(torch.ones(3), x, x),
        lambda x, _: F.layer_norm(x, (3,), torch.ones(3)),
        lambda x, _: F.cross_entropy(x, torch.tensor([0, 1, 2])),
        lambda x, c: nn.Linear(3, 3).to(x.device)(c),
        lambda x, _: nn.Embedding(4, 2).to(x.device)(torch.tensor([1])),
        lambda x, c: nn.Conv1d(3, 3, 1).to(x.device)(c[None]),
        lambda x, _: F.scaled_dot_product_attention(x[None], x[None], x[None], attn_mask=torch.zeros(3, 3)),
        pytest.param(
            lambda x, _: x + torch.ones(3, 3, device=f"{x.device.type}:1"), marks=pytest.mark.compiled
        ),
    ],
    ids=[
        "add", "matmul", "cat", "in place", "where", "index_select", "gather", "mask", "bias", "norm weight", "labels",
        "input", "token ids", "convolution input", "attention mask", "two devices",
    ],
)  # fmt: skip
def test_refused(name, call):
    with pytest.raises(RuntimeError, match=BOTH):
        call(torch.ones(3, 3, device=name), torch.ones(3, 3))


def test_a_cpu_generator_is_refused(name):
    with pytest.raises(RuntimeError, match="generator"):
        torch.rand(3, device=name, generator=torch.Generator())


def test_allowed_as_on_hardware(name):
    x, host = torch.ones(3, 3, device=name), torch.ones(3, 3)
    assert ((x + 2) * torch.tensor(3.0)).sum().item() == 81
    assert x[torch.tensor([0, 2])].shape == (2, 3)
    assert x[host > 0].numel() == 9
    assert x.clone().masked_fill_(x > 0, torch.tensor(2.0)).sum().item() == 18
    assert x.clone().index_put_((torch.tensor([0]),), torch.tensor(4.0)).sum().item() == 18
    log_probs = torch.randn(10, 2, 5, device=name).log_softmax(-1)
    targets = torch.ones(2, 3, dtype=torch.long, device=name)
    F.ctc_loss(log_probs.requires_grad_(), targets, torch.tensor([10, 10]), torch.tensor([3, 3])).backward()
    assert x.copy_(host) is x
    assert host.copy_(x) is host
