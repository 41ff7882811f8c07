"""Code as it is written for CUDA, unchanged."""

import torch
from torch import nn


def test_cuda_is_there():
    assert torch.cuda.is_available()
    assert torch.version.cuda
    assert torch.cuda.get_device_capability() == (8, 0)
    assert torch.cuda.is_bf16_supported()
    x = torch.ones(2).cuda()
    assert x.is_cuda
    assert x.type() == "torch.cuda.FloatTensor"
    assert torch.cuda.FloatTensor(2).device == x.device


def test_a_type_of_cuda_as_the_default():
    try:
        torch.set_default_tensor_type(torch.cuda.HalfTensor)
        assert (torch.zeros(2).dtype, nn.Linear(2, 2).weight.device.type) == (torch.float16, "cuda")
    finally:
        torch.set_default_tensor_type(torch.FloatTensor)
    assert (torch.zeros(2).dtype, torch.zeros(2).device.type) == (torch.float32, "cpu")


def test_old_mixed_precision():
    net = nn.Linear(4, 2).cuda()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    scaler = torch.cuda.amp.GradScaler()
    with torch.cuda.amp.autocast():
        out = net(torch.ones(3, 4).cuda(non_blocking=True))
    assert out.dtype == torch.float16
    scaler.scale(out.float().sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert scaler.is_enabled()


def test_data_parallel():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).cuda()
    x = torch.randn(6, 4).cuda()
    net(x).square().sum().backward()
    alone = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    out = nn.DataParallel(net, device_ids=[0, 1])(x)
    assert (out.shape, out.get_device()) == ((6, 2), 0)
    out.square().sum().backward()
    assert all(torch.allclose(p.grad, g, atol=1e-6) for p, g in zip(net.parameters(), alone, strict=True))


def test_cudnn_settings_and_graph_free_calls():
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    assert torch.cuda.memory_allocated() <= torch.cuda.max_memory_allocated()
