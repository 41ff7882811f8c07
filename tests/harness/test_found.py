"""Small repositories of other shapes: what the harness makes of them on both sides."""

from __future__ import annotations

from pathlib import Path

from porter.harness.result import Outcome

from .conftest import Verify, migrate

SCRIPT = """
import argparse

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--dist_backend", default="nccl")
parser.add_argument("--hidden_dim", default=256, type=int)
parser.add_argument("--device", default="cuda")


if __name__ == "__main__":
    args = parser.parse_args()
    print(args)
    x = torch.zeros(3, 3, device=args.device)
    x[0] = -1.0
    print(x.sum().item())
"""

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, body, width):
        super().__init__()
        self.body, self.head = body, nn.Linear(width, 3)

    def forward(self, images):
        return {"scores": self.head(self.body(images).mean((2, 3)))}


def body(args):
    made = nn.Conv2d(3, args.hidden_dim, 3)
    made.load_state_dict(torch.hub.load_state_dict_from_url("https://example.org/weights.pth")["model"])
    return made


def build_model(args):
    device = torch.device(args.device)
    return Net(body(args), args.hidden_dim), nn.CrossEntropyLoss().to(device)
"""


def test_a_model_from_options_and_a_command_that_names_the_backend(tmp_path: Path, verify: Verify) -> None:
    """Options as the script has them; weights that it would download; a print of nccl, and of a device's fill."""
    checkout = tmp_path / "detector"
    checkout.mkdir()
    (checkout / "main.py").write_text(SCRIPT, encoding="utf-8")
    (checkout / "model.py").write_text(MODEL, encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "port")
    forward, command = verify(folder, checkout, "forward", "command", command="python main.py")
    assert (forward.outcome, forward.subject) == (Outcome.PASS, "model.py: build_model"), forward
    assert "weights that it downloads when it is built were left as they were made" in forward.notes
    assert command.outcome is Outcome.PASS, command
    assert "hccl" in (folder / "main.py").read_text(encoding="utf-8")


def test_weights_that_nobody_initialises_are_the_same_in_every_process() -> None:
    """Memory that happens to be zero twice is not initialised either."""
    import torch

    from porter.harness.probes import build

    class Old(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = torch.nn.Parameter(torch.Tensor(3))

    with build._nothing_left_to_chance():
        assert build._uninitialised(Old())
        assert not build._uninitialised(torch.nn.Linear(2, 2))
    assert not torch.are_deterministic_algorithms_enabled()


MODELS = """
import torch
from torch import nn
class Silent(nn.Module):
    def __init__(self, dim, **more):
        super().__init__(**more)
        self.within, self.last = nn.Linear(dim, dim), nn.Linear(dim, dim)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        self.both = lambda x: self.last(self.within(x))
    def forward(self, x, start_pos):
        return self.both(x)[start_pos:].to("cuda")
class Loud(Silent):
    def __init__(self, **more):
        super().__init__(dim=32, **more)
"""


def test_weights_that_start_at_zero_do_not_hide_what_comes_before_them(tmp_path: Path, verify: Verify) -> None:
    """Nor does a function that a module keeps lead back to another copy; and a class gives its parent what it wants."""
    checkout = tmp_path / "repo"
    checkout.mkdir()
    (checkout / "model.py").write_text(MODELS, encoding="utf-8")
    (checkout / "run.py").write_text("from model import Silent\ndef run(): return Silent(8)\n", encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "port")
    results = verify(folder, checkout, "forward", "ten-steps")
    assert [(result.subject, result.outcome) for result in results] == [
        (f"model.py: {name}", Outcome.PASS) for _ in range(2) for name in ("Silent", "Loud")
    ], results
    assert all("the harness filled 1" in " ".join(result.notes) for result in results)
    model = (folder / "model.py").read_text(encoding="utf-8")
    (folder / "model.py").write_text(model.replace("self.within(x)", "self.within(x + 1)"), encoding="utf-8")
    assert {result.outcome for result in verify(folder, checkout, "forward")} == {Outcome.FAIL}
