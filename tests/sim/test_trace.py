"""The trace: what ran where, by line; equal for equal runs, and for the original on simulated CUDA."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Run

PORT = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(4, 8, 3), nn.Flatten(), nn.LayerNorm(48), nn.Linear(48, 16))
    net = net.npu()
    x = torch.randn(2, 4, 8).to("npu")
    optimizer = torch.optim.AdamW(net.parameters(), foreach=True)
    loss = nn.functional.scaled_dot_product_attention(net(x)[None], net(x)[None], net(x)[None]).square().mean()
    loss.backward()
    optimizer.step()
    print(loss.item())
    print(net[3].weight.sum().item())
    if torch.cuda.is_available():
        net.cuda()
    torch.trunc(x)
"""


@pytest.fixture
def traced(simulate: Run, tmp_path: Path) -> Any:
    def run(target: str, code: str, *options: str) -> tuple[str, dict[str, Any]]:
        path = tmp_path / "trace.json"
        done = simulate(target, code, "--root", str(tmp_path), "--trace", str(path), "--log", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout, json.loads(path.read_text())

    return run


def at(trace: dict[str, Any], kind: str) -> dict[str, str]:
    return {row["at"]: row["what"] for row in trace["places"][kind]}


def test_lines_and_bytes(traced: Any) -> None:
    _, trace = traced("npu", PORT)
    assert trace["device_was_loaded"]
    assert trace["copies"]["host_to_device"]["bytes"] == sum(
        row.get("bytes", 0) for row in trace["places"]["host_to_device"]
    )
    assert at(trace, "host_to_device").keys() == {"script.py:7", "script.py:8"}
    assert at(trace, "waits") == {
        "script.py:13": "aten::_local_scalar_dense",
        "script.py:14": "aten::_local_scalar_dense",
    }
    assert at(trace, "leftovers") == {"script.py:15": "torch.cuda.is_available"}
    assert at(trace, "host_fallbacks") == {"script.py:17": "aten::trunc"}
    assert trace["operators"]["npu:0"]["aten::convolution"] == 3
    assert trace["host_operators"]["aten::normal_"] >= 1


def test_equal_runs_give_equal_traces(traced: Any) -> None:
    assert traced("npu", PORT) == traced("npu", PORT)


def test_the_original_on_simulated_cuda_does_the_same(traced: Any) -> None:
    original = PORT.replace("npu", "cuda").replace("if torch.cuda.is_available()", "if False")
    port = PORT.replace("if torch.cuda.is_available()", "if False")
    before, trace_before = traced("cuda", original)
    after, trace_after = traced("npu", port)
    assert before == after
    assert trace_before["operators"]["cuda:0"] == trace_after["operators"]["npu:0"]
    assert trace_before["copies"] == trace_after["copies"]
    assert trace_before["log"] == trace_after["log"]


def test_a_port_that_never_reaches_the_device(traced: Any) -> None:
    _, trace = traced(
        "mlu", "import torch\nwhere = 'cuda' if torch.cuda.is_available() else 'cpu'\ntorch.ones(9).to(where) + 1"
    )
    assert not trace["device_was_loaded"]
    assert trace["operators_on_device"] == 0
    assert trace["operators_on_host"] > 0
    assert at(trace, "leftovers") == {"script.py:2": "torch.cuda.is_available"}


def test_variables_set_before_torch_is_imported(traced: Any) -> None:
    _, trace = traced("npu", 'import os\nos.environ["CUDA_VISIBLE_DEVICES"] = "0"\nimport torch\nos.getenv("PATH")')
    assert at(trace, "leftovers") == {"script.py:2": "CUDA_VISIBLE_DEVICES"}
    _, original = traced("cuda", 'import os\nos.environ["CUDA_VISIBLE_DEVICES"] = "0"\nimport torch')
    assert "leftovers" not in original["places"]


def test_what_the_host_was_told(traced: Any) -> None:
    """Each number and tensor by a digest, with its line; the same for the original."""
    code = """
    import torch

    x = torch.arange(4.0).pin_memory().npu()
    print(x.sum().item(), x[1:].cpu().tolist())
    torch.npu.synchronize()
    torch.save(x, "x.pt")
    """
    _, port = traced("npu", code)
    _, original = traced("cuda", code.replace("npu", "cuda"))
    assert port["places"]["told_to_host"] == original["places"]["told_to_host"]
    rows = port["places"]["told_to_host"]
    assert [row["what"].partition("]")[0] + "]" for row in rows] == ["Float[3]", "Float[]", "Byte[16]"]
    assert [row["what"].partition(" = ")[2] for row in rows] == ["", "6", ""]
    assert at(port, "host_to_device") == {"script.py:4": "copy from pinned memory"} == at(original, "host_to_device")
    assert at(port, "calls") == {"script.py:6": "synchronize"} == at(original, "calls")
    _, other = traced("npu", code.replace("4.0", "5.0"))
    assert other["places"]["told_to_host"] != rows


def test_a_vendors_module_that_is_the_first_to_import_torch(traced: Any) -> None:
    """The import of torch prepares the device while the module does: it is one device all the same."""
    _, trace = traced("npu", 'import torch_npu\nimport torch\ntorch.ones(64).to("npu")\ntorch.cuda.is_available()')
    assert trace["device_was_loaded"]
    assert at(trace, "host_to_device") == {"script.py:3": "copy"}
    assert "script.py:4" in at(trace, "leftovers")
