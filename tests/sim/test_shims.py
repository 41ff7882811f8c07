"""The stand-in for a vendor's package: found like the real one, with the names of its release and no others."""

from __future__ import annotations

import pytest

from porter.sim import facts, shims

from .conftest import Run


def test_the_package_is_found_like_the_real_one(simulate: Run) -> None:
    done = simulate(
        "npu@2.6.0",
        """
        import importlib.metadata, importlib.util, torch, torch_npu
        print(importlib.metadata.version("torch-npu"), torch_npu.__version__)
        print(importlib.util.find_spec("torch_npu") is not None, torch_npu.npu is torch.npu)
        from torch_npu.npu import amp
        import torch_npu.npu.amp
        print(amp.autocast.__name__)
        """,
    )
    assert done.stdout.splitlines() == ["2.6.0 2.6.0", "True True", "autocast"], done.stderr


NAMES = """
    import torch, {0}
    ns = torch.{1}
    print([name for name in {2!r} if hasattr(ns, name)])
"""


@pytest.mark.parametrize(
    "target, asked, there",
    [
        ("npu@2.13.0", ["set_device", "CUDAGraph", "NPUGraph", "jiterator", "nvtx"], ["set_device", "NPUGraph"]),
        ("npu@2.4.0", ["set_device", "NPUGraph"], ["set_device"]),
        ("mlu", ["set_device", "CUDAGraph", "MLUGraph", "jiterator"], ["set_device", "MLUGraph"]),
    ],
)
def test_names_of_the_release(simulate: Run, target: str, asked: list[str], there: list[str]) -> None:
    known = facts.load(target.partition("@")[0])
    done = simulate(target, NAMES.format(known.module, known.device, asked))
    assert done.stdout.strip() == str(there), done.stderr


def test_a_name_that_is_there_but_not_simulated_says_so(simulate: Run) -> None:
    done = simulate("npu", "import torch\ntorch.npu.NPUGraph()")
    assert "[porter.sim] torch.npu.NPUGraph exists on the device, but is not simulated" in done.stderr


def test_automatic_porting_is_refused(simulate: Run) -> None:
    done = simulate("npu", "import torch_npu\nfrom torch_npu.contrib import transfer_to_npu")
    assert "transfer_to_npu would hide leftovers of CUDA" in done.stderr


def test_the_vendors_operators(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        import torch, torch_npu, torch.nn.functional as F
        x, g = torch.randn(2, 3, 8).npu(), torch.rand(8).npu()
        assert torch.allclose(torch_npu.npu_rms_norm(x, g)[0], F.rms_norm(x, (8,), g, 1e-6), atol=1e-6)
        assert torch.allclose(torch_npu.npu_swiglu(x), F.silu(x[..., :4]) * x[..., 4:])
        q = torch.randn(2, 4, 5, 8).npu()
        causal = F.scaled_dot_product_attention(q, q, q, is_causal=True)
        mask = torch.ones(5, 5, dtype=torch.bool, device="npu").triu(1)
        attended = torch_npu.npu_fusion_attention(q, q, q, 4, "BNSD", atten_mask=mask, scale=8**-0.5)
        assert len(attended) == 7 and torch.allclose(attended[0], causal, atol=1e-6)
        small = torch.ones(2048, 2048, dtype=torch.bool, device="npu").triu(1)
        flat = q.transpose(1, 2).flatten(-2)
        again = torch_npu.npu_fusion_attention(
            flat, flat, flat, 4, "BSH", atten_mask=small, scale=8**-0.5, sparse_mode=3
        )
        assert torch.allclose(again[0].unflatten(-1, (4, 8)).transpose(1, 2), causal, atol=1e-6)
        torch_npu.npu_something_else
        """,
    )
    assert done.stderr.splitlines()[-1] == "AttributeError: torch_npu.npu_something_else is not simulated by porter.sim"


def test_the_facts_agree_with_porters_targets() -> None:
    catalog = pytest.importorskip("porter.targets.catalog")
    for target in set(facts.targets()) & set(catalog.names()):
        known, sheet = facts.load(target), catalog.resolve(target)[1].sheet
        assert (known.device, known.module, known.backend) == (sheet.device, sheet.module or "", sheet.backend), target


def test_a_shim_folder_is_written_once() -> None:
    first = shims.write("npu")
    assert shims.write("npu") == first
    assert not list(first.parent.glob(".writing-*"))


def test_another_sitecustomize_still_runs(simulate: Run, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("print('mine, too')\n")
    done = simulate("npu", ["-c", "import torch; print(torch.npu.is_available())"], PYTHONPATH=str(other))
    assert done.stdout.splitlines()[-2:] == ["mine, too", "True"], done.stdout + done.stderr
