"""Operators on the device: equal to CPU to the bit, views that share memory, results on the device."""

import copy
import pickle

import pytest
import torch
from torch import nn


@pytest.fixture
def pair(name):
    host = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    return host.to(name), host


def equal(on_device, on_host):
    assert on_device.device.type != "cpu"
    return torch.equal(on_device.cpu(), on_host)


def test_arithmetic(pair):
    x, host = pair
    assert equal(x * 2 + 1, host * 2 + 1)
    assert equal(torch.einsum("ij,kj->ik", x, x), torch.einsum("ij,kj->ik", host, host))
    assert equal(x.sort(1, descending=True)[0].cumsum(0), host.sort(1, descending=True)[0].cumsum(0))


def test_views_and_writes_through_them(pair):
    for t in pair:
        t[:, 1:3].mul_(3)
        t[0] = 7
        t.t()[1].add_(1)
        t[t > 20] = 0
        t.view(-1)[::2].zero_()
        t[[0, 2], [1, 1]] += 5
    x, host = pair
    assert equal(x, host)
    view = x.view(4, 3)
    view[0, 0] = 42
    assert x[0, 0].item() == 42
    assert view._base is x


@pytest.mark.compiled
def test_out_arguments_grow_and_set_shares(name, pair):
    x, host = pair
    out = torch.empty(0, device=name)
    torch.add(x, x, out=out)
    assert equal(out, host + host)
    other = torch.empty(0, device=name).set_(x)
    other[0, 0] = 9
    assert x[0, 0].item() == 9
    assert x.untyped_storage().resize_(96).nbytes() == 96


def test_factories_make_tensors_on_the_device(name, pair):
    x, _ = pair
    made = [
        torch.zeros(2, device=name),
        torch.arange(3, device=name),
        torch.tensor([1, 2], device=name),
        torch.eye(3, device=name),
        torch.randperm(5, device=name),
        torch.empty_like(x),
        x.new_zeros(2),
        x.new_tensor([1.0]),
    ]
    with torch.device(name):
        made.append(nn.Linear(2, 2).weight)
    assert {t.device.type for t in made} == {name}


def test_complex_and_linalg(pair):
    x, host = pair
    assert equal(torch.fft.fft(x).abs(), torch.fft.fft(host).abs())
    assert equal(torch.linalg.svd(x)[1], torch.linalg.svd(host)[1])


def test_printing_leaves_no_work_on_the_device(name, pair):
    assert f"device='{name}:0'" in repr(pair[0])


def test_copies_and_pickles_stay_on_the_device(pair):
    x, host = pair
    assert equal(copy.deepcopy(x), host)
    assert equal(pickle.loads(pickle.dumps(x)), host)


def test_numpy_needs_the_host(pair):
    with pytest.raises(TypeError, match=r"host memory|cpu"):
        pair[0].numpy()


@pytest.mark.parametrize(
    "make, shape",
    [
        (
            lambda: nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
            (2, 3, 8, 8),
        ),
        (lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 2, stride=2), nn.GroupNorm(2, 4), nn.GELU()), (2, 3, 4, 4)),
        (lambda: nn.Sequential(nn.Conv1d(3, 4, 3, groups=1, bias=False), nn.SiLU()), (2, 3, 8)),
        (lambda: nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.Softmax(-1)), (2, 4)),
    ],
    ids=["convolution", "transposed", "no bias", "linear"],
)
def test_layers_and_gradients_are_equal_to_the_bit(name, make, shape):
    torch.manual_seed(0)
    host = make()
    device = copy.deepcopy(host).to(name)
    x = torch.randn(shape)
    on_host, on_device = host(x), device(x.to(name))
    assert equal(on_device, on_host)
    on_host.square().mean().backward()
    on_device.square().mean().backward()
    for p, q in zip(host.parameters(), device.parameters(), strict=True):
        assert equal(q.grad, p.grad)


@pytest.mark.compiled
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers(name, kind):
    torch.manual_seed(0)
    host = kind(4, 8, 2, batch_first=True)
    device = copy.deepcopy(host).to(name)
    x = torch.randn(2, 5, 4)
    on_host, on_device = host(x)[0], device(x.to(name))[0]
    assert torch.allclose(on_device.cpu(), on_host, atol=1e-6)
    on_device.sum().backward()
    assert device.weight_hh_l1.grad.device.type == name


@pytest.mark.compiled
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_equal_to_the_bit(name, masked, causal):
    if masked and causal:
        return  # torch refuses both at once
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 4, 6, 8, requires_grad=True) for _ in range(3))
    mask = torch.randn(6, 6) if masked else None
    on_host = nn.functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)
    dq, dk, dv = (t.detach().to(name).requires_grad_() for t in (q, k, v))
    device_mask = mask.to(name) if masked else None
    on_device = nn.functional.scaled_dot_product_attention(dq, dk, dv, device_mask, is_causal=causal)
    on_host.sum().backward()
    on_device.sum().backward()
    if torch.__version__ < "2.5":  # a device had no fused attention of its own yet
        assert torch.allclose(on_device.cpu(), on_host, atol=1e-6)
    else:
        assert equal(on_device, on_host)
        assert equal(dq.grad, q.grad)


def test_transformer_encoder(name):
    torch.manual_seed(0)
    host = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), 1).eval()
    device = copy.deepcopy(host).to(name)
    x = torch.randn(2, 5, 16)
    with torch.no_grad():
        assert torch.allclose(device(x.to(name)).cpu(), host(x), atol=1e-6)


def test_half_softmax_widens(name):
    x = torch.randn(3, 4).half()
    on_device = torch.softmax(x.to(name).requires_grad_(), -1, dtype=torch.float32)
    assert equal(on_device, torch.softmax(x, -1, dtype=torch.float32))
    on_device.sum().backward()


@pytest.mark.compiled
def test_sparse_tensors_where_the_vendor_has_them(name):
    host = torch.tensor([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0]])
    if name in ("mlu", "musa"):
        with pytest.raises(NotImplementedError, match="_sparse_coo_tensor" if name == "mlu" else "is not simulated"):
            host.to_sparse().to(name)
        return
    holder = nn.Module()
    holder.register_buffer("heads", host.to_sparse(), persistent=False)
    sparse = holder.to(name).heads
    assert equal(sparse.indices().T, host.nonzero())
    assert equal(sparse.to_dense(), host)
    assert torch.equal(sparse.clone().cpu().to_dense(), host)
    twice = torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (2,), device=name)
    assert equal(twice.to_dense(), torch.tensor([3.0, 0.0]))
    with pytest.raises(NotImplementedError, match="is not simulated"):
        torch.sparse.mm(sparse, torch.ones(3, 1, device=name))


def test_what_is_not_simulated_is_refused(name):
    with pytest.raises((NotImplementedError, RuntimeError)):
        torch.quantize_per_tensor(torch.ones(2, device=name), 1.0, 0, torch.qint8)
