"""Two devices, their memory, their streams and events, their random numbers."""

import pytest
import torch
from torch import nn


@pytest.mark.compiled
def test_there_are_two(name, ns):
    assert ns.is_available()
    assert ns.device_count() == 2
    assert ns.get_device_name(1)
    for call in (lambda: torch.ones(1, device=f"{name}:5"), lambda: ns.set_device(5)):
        with pytest.raises(RuntimeError, match=r"invalid .* device index 5"):
            call()


@pytest.mark.compiled
def test_the_current_device(name, ns):
    ns.set_device(1)
    assert torch.ones(1, device=name).device.index == 1
    assert getattr(torch.ones(1), name)().device.index == 1
    with ns.device(0):
        assert ns.current_device() == 0
    assert ns.current_device() == 1
    with pytest.raises(ValueError, match="Expected a"):
        ns.set_device("cpu")


@pytest.mark.compiled
def test_model_parallel(name):
    first, second = nn.Linear(3, 3).to(f"{name}:0"), nn.Linear(3, 3).to(f"{name}:1")
    second(first(torch.ones(2, 3, device=f"{name}:0")).to(f"{name}:1")).sum().backward()
    assert (first.weight.grad.device.index, second.weight.grad.device.index) == (0, 1)


@pytest.mark.compiled
def test_memory_is_counted_per_device(name, ns):
    before = ns.memory_allocated(1)
    t = torch.ones(1024, device=f"{name}:1")
    assert ns.memory_allocated(1) == before + 4096
    assert ns.max_memory_allocated(1) >= before + 4096
    free, total = ns.mem_get_info(1)
    assert total - free == ns.memory_allocated(1)
    del t
    assert ns.memory_allocated(1) == before
    ns.reset_peak_memory_stats(1)
    assert ns.max_memory_allocated(1) == before
    view = torch.ones(8, device=name)
    used = ns.memory_allocated()
    assert view.view(2, 4).t()[1:].device.type == name
    assert ns.memory_allocated() == used  # views cost nothing


def test_out_of_memory(name):
    with pytest.raises(torch.OutOfMemoryError, match=r"out of memory. Tried to allocate"):
        torch.empty(1 << 40, device=name)


@pytest.mark.compiled
def test_streams_and_events(name, ns):
    stream, start, end = ns.Stream(), ns.Event(enable_timing=True), ns.Event(enable_timing=True)
    outside = ns.current_stream()
    start.record()
    with ns.stream(stream):
        assert ns.current_stream() == stream
        torch.ones(10, device=name).add_(1).record_stream(stream)
    assert ns.current_stream() == outside == ns.default_stream()
    ns.current_stream().wait_stream(stream)
    end.record()
    end.synchronize()
    ns.synchronize()
    assert end.query()
    assert start.elapsed_time(end) >= 0
    with pytest.raises(RuntimeError, match="recorded"):
        ns.Event(enable_timing=True).elapsed_time(end)
    with pytest.raises(RuntimeError, match="enable_timing"):
        ns.Event().elapsed_time(end)


def test_seeds(name, ns):
    ns.manual_seed_all(3)
    a = torch.rand(4, device=name).cpu()
    torch.rand(7)
    ns.manual_seed_all(3)
    assert torch.equal(torch.rand(4, device=name).cpu(), a)  # independent of the CPU's numbers
    torch.manual_seed(9)
    b = torch.rand(3, device=name).cpu()
    torch.manual_seed(9)
    assert torch.equal(torch.rand(3), b)  # and the same as on CPU for the same seed


@pytest.mark.compiled
def test_generator_states(name, ns):
    state = ns.get_rng_state()
    a = torch.randn(4, device=name)
    ns.set_rng_state(state)
    assert torch.equal(torch.randn(4, device=name), a)
    g, h = (torch.Generator(device=name).manual_seed(5) for _ in range(2))
    assert torch.equal(torch.rand(3, device=name, generator=g), torch.rand(3, device=name, generator=h))
    with torch.random.fork_rng(devices=[0, 1], device_type=name):
        torch.randn(2, device=name)


@pytest.mark.compiled
def test_torch_accelerator(name):
    if hasattr(torch, "accelerator"):
        assert torch.accelerator.current_accelerator().type == name
        assert torch.accelerator.device_count() == 2
        torch.accelerator.synchronize()


def test_old_tensor_types(name, ns):
    t = ns.FloatTensor([1, 2])
    assert t.device.type == name
    assert isinstance(t, ns.FloatTensor)
    assert not isinstance(t, ns.LongTensor)
    assert ns.LongTensor(2, 3).shape == (2, 3)
