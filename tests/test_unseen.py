"""What repositories that porter had never seen taught: each a class of places, on small files of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from porter.checkout.source import open_checkout
from porter.model import Finding, Plan, Verdict
from porter.plan import Choice, make_plan


def plan(folder: Path, files: dict[str, str], target: str = "npu", style: str = "native") -> Plan:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice(target, style=style))


def ported(made: Plan, name: str) -> str:
    return next(file.ported.decode() for file in made.files if file.path == name)


def of(made: Plan, rule: str) -> list[Finding]:
    return [finding for finding in made.findings if finding.rule == rule]


@pytest.mark.parametrize("text", ["def f(m, gpu_id: int):\n    m.to(gpu_id)\n", "def f(m):\n    m.to(int(m.n))\n"])
@pytest.mark.parametrize("target", ["npu", "mlu", "musa"])
def test_a_bare_index_stays_and_brings_the_vendors_module(text: str, target: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"run.py": f"import torch\n{text}"}, target)
    assert [f.verdict for f in of(made, "DEV011")] == [Verdict.REVIEW]
    assert ported(made, "run.py") == f"import torch\nimport torch_{target}\n{text}"


def test_text_made_by_arithmetic_is_no_index(tmp_path: Path) -> None:
    made = plan(tmp_path, {"run.py": "import torch\ndef f(m, kind, rank):\n    m.to(kind % rank)\n    m.to('meta')\n"})
    assert not plan(tmp_path, {"run.py": "import torch\ndef f(m, rank):\n    m.to('meta:%d' % rank)\n"}).findings
    assert len(of(made, "DEV011")) <= 1


def test_a_bare_index_goes_through_the_helper(tmp_path: Path) -> None:
    made = plan(tmp_path, {"run.py": "import torch\nmodel.to(rank)\n"}, style="agnostic")
    assert "model.to(accel.device(rank))" in ported(made, "run.py")
    assert "import accel" in ported(made, "run.py")


@pytest.mark.parametrize("style", ["native", "agnostic"])
@pytest.mark.parametrize(
    "branch",
    ["        from .kernels import run\n        return run(x)\n", "        return beside(x)\n"],
)
def test_a_test_before_kernels_in_another_module_is_for_review(style: str, branch: str, tmp_path: Path) -> None:
    text = f"import torch\ndef f(x):\n    if x.is_cuda:\n{branch}    return x\n"
    text += "def beside(x):\n    from .kernels import run\n    return run(x)\n"
    files = {"pack/__init__.py": "", "pack/timing.py": text, "pack/kernels.py": "import triton\ndef run(x): ...\n"}
    made = plan(tmp_path, files, style=style)
    found = [f for f in of(made, "DEV005") if f.file == "pack/timing.py"]
    assert [f.verdict for f in found] == [Verdict.REVIEW]
    assert "pack/kernels.py" in found[0].why


def test_a_test_before_anything_else_is_ported(tmp_path: Path) -> None:
    files = {"a.py": "import torch\nfrom b import run\nif x.is_cuda:\n    run(x)\n", "b.py": "def run(x): ...\n"}
    assert [f.verdict for f in of(plan(tmp_path, files), "DEV005")] == [Verdict.PORTED]


def test_lightnings_accelerator_is_changed_nowhere(tmp_path: Path) -> None:
    text = (
        'def f(accelerator: Literal["cpu", "cuda"] = "cuda"):\n    known_accelerators = {"cpu", "cuda"}\n'
        '    if torch.cuda.is_available():\n        accelerator = "cuda"\n    return accelerator == "cuda"\n'
    )
    made = plan(tmp_path, {"run.py": f"import torch\nfrom typing import Literal\n{text}"})
    assert [f.verdict for f in of(made, "DEV003")] == [Verdict.MANUAL] * 5
    assert ported(made, "run.py").count('"cuda"') == text.count('"cuda"')


def test_a_mock_names_what_the_module_under_test_calls(tmp_path: Path) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/util.py": "import torch\nn = torch.cuda.device_count()\n",
        "test_util.py": 'from unittest import mock\nmock.patch("pack.util.torch.cuda.device_count", return_value=2)\n'
        'mock.patch("other.util.torch.cuda.device_count")\n',
    }
    text = ported(plan(tmp_path, files), "test_util.py")
    assert '"pack.util.torch.npu.device_count"' in text
    assert '"other.util.torch.cuda.device_count"' in text


def test_settings_alone_need_no_device(tmp_path: Path) -> None:
    made = plan(tmp_path, {"hparams.py": 'h = HParams(dist_backend="nccl")\n', "b.py": 'g = start(backend="nccl")\n'})
    assert ported(made, "hparams.py") == 'h = HParams(dist_backend="hccl")\n'
    assert ported(made, "b.py").startswith("import torch_npu\n")


def test_values_beside_the_targets_own_stay(tmp_path: Path) -> None:
    text = 'import torch\nknown = ["cuda", "cpu"] + [f"cuda:{i}" for i in n] + [f"npu:{i}" for i in n]\n'
    made = plan(tmp_path, {"run.py": text})
    assert {f.verdict for f in of(made, "DEV003")} == {Verdict.MANUAL}
