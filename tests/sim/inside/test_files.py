"""Checkpoints, pinned memory and loaders."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@pytest.mark.compiled
def test_a_checkpoint_remembers_its_device(name, tmp_path):
    torch.save(nn.Linear(3, 2).to(name).state_dict(), tmp_path / "w.pt")
    assert torch.load(tmp_path / "w.pt")["weight"].device.type == name
    assert torch.load(tmp_path / "w.pt", map_location="cpu")["weight"].device.type == "cpu"
    moved = torch.load(tmp_path / "w.pt", map_location={f"{name}:0": f"{name}:1"})
    assert moved["weight"].device.index == 1


@pytest.mark.compiled
@pytest.mark.parametrize("index", ["", ":1"])
def test_map_location(name, tmp_path, index):
    layer = nn.Linear(3, 2)
    torch.save(layer.state_dict(), tmp_path / "w.pt")
    loaded = torch.load(tmp_path / "w.pt", map_location=f"{name}{index}")
    assert loaded["weight"].device == torch.device(f"{name}{index or ':0'}")
    assert torch.equal(loaded["weight"].cpu(), layer.weight)
    target = nn.Linear(3, 2).to(name)
    target.load_state_dict(loaded)
    assert torch.equal(target.weight.cpu(), layer.weight)


def test_optimizer_state(name, tmp_path):
    layer = nn.Linear(3, 2).to(name)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 3, device=name)).sum().backward()
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "o.pt")
    again = torch.optim.AdamW(layer.parameters())
    again.load_state_dict(torch.load(tmp_path / "o.pt"))
    assert again.state[layer.weight]["exp_avg"].device.type == name


@pytest.mark.compiled
@pytest.mark.parametrize("workers", [0, 1])
def test_pinned_batches_reach_the_device(name, workers):
    data = TensorDataset(torch.randn(8, 3), torch.arange(8))
    # Older torch pins for CUDA, and asks CUDA, unless it is told.
    told, asked = ({}, ()) if torch.__version__ >= "2.9" else ({"pin_memory_device": name}, (name,))
    seen = []
    for x, y in DataLoader(data, 4, pin_memory=True, num_workers=workers, **told):
        assert x.is_pinned(*asked)
        assert x.to(name, non_blocking=True).sum().item() == pytest.approx(x.sum().item())
        seen += y.to(name).tolist()
    assert seen == list(range(8))
    assert not torch.ones(3).is_pinned()
