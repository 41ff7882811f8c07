"""Training on the device gives the weights that training on CPU gives; mixed precision behaves as it does there."""

import copy

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.LayerNorm(16), nn.Dropout(0.1), nn.Linear(16, 4))


def train(net, device, steps=3, **options):
    torch.manual_seed(1)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-2, **options)
    losses = []
    for _ in range(steps):
        x = torch.randn(6, 8).to(device)
        loss = net(x).square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("options", [{}, {"foreach": True}, {"fused": True}], ids=["default", "foreach", "fused"])
def test_steps_are_equal_to_the_bit(name, options):
    host, device = model(), model().to(name)
    if name == "cuda" and not options:
        options = {"foreach": False}  # torch chooses foreach on CUDA and not on CPU
    # The dropout masks are equal because the same seed is drawn from in the same order.
    host.eval(), device.eval()
    assert train(host, "cpu", **options) == train(device, name, **options)
    for p, q in zip(host.parameters(), device.parameters(), strict=True):
        assert torch.equal(p, q.cpu())


def test_dropout_draws_what_cpu_draws(name):
    torch.manual_seed(0)
    on_host = nn.functional.dropout(torch.ones(1000), 0.3)
    torch.manual_seed(0)
    assert torch.equal(nn.functional.dropout(torch.ones(1000, device=name), 0.3).cpu(), on_host)


def test_gradient_checkpointing(name):
    net, x = model().to(name), torch.randn(6, 8, device=name)
    torch.manual_seed(3)
    net(x).sum().backward()
    expected = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    torch.manual_seed(3)
    checkpoint(net, x, use_reentrant=False).sum().backward()
    assert all(torch.equal(p.grad, e) for p, e in zip(net.parameters(), expected, strict=True))


@pytest.mark.compiled
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast(name, dtype):
    net, x = model().to(name), torch.randn(6, 8, device=name)
    with torch.autocast(name, dtype=dtype):
        assert torch.is_autocast_enabled(name)
        y = net[0](x)
        assert y.dtype == dtype
        assert torch.softmax(y, -1).dtype == torch.float32
    assert net[0](x).dtype == torch.float32


@pytest.mark.compiled
def test_autocast_under_the_vendors_name(name, ns):
    net, x = model().to(name), torch.randn(6, 8, device=name)
    with ns.amp.autocast():
        assert net[0](x).dtype == torch.float16


@pytest.mark.compiled
@pytest.mark.parametrize("make", ["vendor", "torch"])
def test_grad_scaler_skips_a_step_with_infinite_gradients(name, ns, make):
    net, x = model().to(name), torch.randn(6, 8, device=name)
    scaler = ns.amp.GradScaler(init_scale=1024.0) if make == "vendor" else torch.amp.GradScaler(name, init_scale=1024.0)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    weights = [[p.detach().clone() for p in net.parameters()]]
    for factor in (1.0, float("inf")):
        with torch.autocast(name, dtype=torch.float16):
            loss = net(x).float().square().mean() * factor
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        weights.append([p.detach().clone() for p in net.parameters()])
    before, stepped, skipped = weights
    assert not torch.equal(before[0], stepped[0])
    assert all(torch.equal(a, b) for a, b in zip(stepped, skipped, strict=True))
    assert scaler.get_scale() == 512.0


@pytest.mark.compiled
def test_the_scaler_of_fsdp_is_the_vendors_where_the_vendor_has_one(name):
    from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler

    if name in ("npu", "musa"):
        assert ShardedGradScaler(process_group=object()).is_enabled()


def test_modules_move_in_place(name):
    """An optimizer made before .to(), and weights that two layers share, both depend on it."""
    net = nn.Sequential(nn.Embedding(4, 4), nn.Linear(4, 4, bias=False))
    net[1].weight = net[0].weight
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    net.to(name)
    assert net[1].weight is net[0].weight
    assert len(list(net.parameters())) == 1
    before = net[0].weight.detach().clone()
    net(torch.tensor([1], device=name)).sum().backward()
    optimizer.step()
    assert not torch.equal(net[0].weight, before)
    assert net.cpu()[1].weight is net[0].weight


def test_deepcopy_trains_alone(name):
    net = model().to(name)
    other = copy.deepcopy(net)
    train(other, name)
    assert not torch.equal(net[0].weight, other[0].weight)


def test_tracing_and_scripting(name):
    net = nn.Sequential(nn.Conv1d(2, 3, 2), nn.Flatten(), nn.Linear(9, 2)).to(name).eval()
    x = torch.randn(1, 2, 4, device=name)
    for made in (torch.jit.trace(net, x, check_trace=False), torch.jit.script(net)):
        assert torch.equal(made(x * 2), net(x * 2))


@pytest.mark.compiled
def test_compile_with_an_eager_backend(name):
    net = model().to(name).eval()
    x = torch.randn(3, 8, device=name)
    expected = net(x)
    out = torch.compile(net, backend="aot_eager")(x)
    assert torch.allclose(out, expected, atol=1e-6)
    out.sum().backward()
    assert net[0].weight.grad.device.type == name
