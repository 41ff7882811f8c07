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


RESOLVES = """
    import torch, {module}

    def resolves(dotted):
        first, *rest = dotted.split(".")
        value = {{"torch": torch, {module!r}: {module}}}[first]
        for part in rest:
            value = getattr(value, part)

    for name in {names!r}:
        try:
            resolves(name)
        except AttributeError as error:
            print(name, error)
"""


@pytest.mark.parametrize("target", ["npu", "npu@2.6.0", "npu@2.4.0", "mlu", "mlu@2.4.0"])
def test_every_name_that_a_port_can_contain_exists(simulate: Run, target: str) -> None:
    """The names that the target's rules and its list of names can write into a port."""
    names = {name for name in written_names(target) if "." in name}
    assert len(names) > 100
    known = facts.load(target.partition("@")[0])
    done = simulate(target, RESOLVES.format(module=known.module, names=sorted(names)))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def written_names(target: str) -> set[str]:
    catalog = pytest.importorskip("porter.targets.catalog")
    packs = pytest.importorskip("porter.packs.load")
    api = pytest.importorskip("porter.kinds.api")
    chosen, surface = catalog.resolve(target)
    names = {surface.look(name).name for name in {*surface.sheet.names, *surface.sheet.modules}}
    for rule in packs.load(chosen).rules:
        to = getattr(rule, "to", None)
        if isinstance(rule, api.Rule) and to:
            sources = [rule.source] if isinstance(rule.source, str) else list(rule.source)
            names |= {to} if len(sources) == 1 else {f"{to}.{name.rpartition('.')[2]}" for name in sources}
    return names


def test_what_stands_for_other_libraries_of_cuda_keeps_what_is_set(simulate: Run) -> None:
    done = simulate(
        "mlu",
        """
        import torch, torch_mlu
        print(torch.backends.mlu.matmul.allow_tf32, torch.backends.cnnl.allow_tf32)
        torch.backends.mlu.matmul.allow_tf32 = True
        print(torch.backends.mlu.matmul.allow_tf32, torch.mlu.cncl.is_cncl_available())
        print(torch.mlu.cnpx.range_push("a"), torch.mlu.cnpx.range_push("b"), torch.mlu.cnpx.range_pop())
        activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.MLU]
        with torch.profiler.profile(activities=activities) as seen, torch.autograd.profiler.emit_cnpx():
            torch.ones(2).mlu() + 1
        print(len(seen.key_averages()) > 0)
        stored = torch.mlu.FloatStorage(3)
        print(stored.device, isinstance(stored, torch.mlu.FloatStorage), isinstance(stored, torch.mlu.LongStorage))
        """,
    )
    assert done.stdout.splitlines() == ["False True", "True True", "0 1 1", "True", "mlu:0 True False"], done.stderr


def test_a_class_that_is_not_simulated_is_a_class(simulate: Run) -> None:
    code = """
    import torch
    def kept(graph: torch.npu.NPUGraph | None) -> bool:
        return isinstance(graph, torch.npu.NPUGraph)
    assert not kept(None)
    try:
        torch.npu.NPUGraph()
    except NotImplementedError as error:
        assert "not simulated" in str(error)
    else:
        raise AssertionError
    """
    done = simulate("npu", code)
    assert done.returncode == 0, done.stderr
