"""Versions in tables of packages, and what the repo does without its native code."""

from __future__ import annotations

from pathlib import Path

import pytest

from porter.checkout.source import open_checkout
from porter.model import Plan, Verdict
from porter.plan import Choice, make_plan


def plan(folder: Path, files: dict[str, str]) -> Plan:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice("npu"))


@pytest.mark.parametrize("written", ['torch = "~2.0"', 'torch = {version = "~2.0", optional = true}  # a comment'])
def test_a_version_in_a_table_lets_the_torch_of_the_target_in(written: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"pyproject.toml": f'[tool.poetry.dependencies]\n{written}\nrich = "1"\n'})
    (file,) = made.changed
    short = ".".join(made.target.torch.split(".")[:2])
    assert file.ported == file.original.replace(b"~2.0", b"~" + short.encode())
    assert [finding.verdict for finding in file.findings] == [Verdict.REVIEW]


def test_a_choice_of_versions_is_a_persons(tmp_path: Path) -> None:
    made = plan(tmp_path, {"pyproject.toml": '[tool.poetry.dependencies]\ntorch = "^1.13 || ~2.0"\n'})
    assert not made.changed
    assert [finding.verdict for finding in made.findings] == [Verdict.MANUAL]


@pytest.mark.parametrize(
    ("name", "text", "old", "new"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.7, <3.9"  # why\n', "<3.9", "<3.11"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "~3.8"\n', "~3.8", "~3.10"),
        ("Pipfile", '[requires]\npython_version = "3.7"\n', "3.7", "3.10"),
        ("setup.cfg", "[options]\npython_requires = ==3.8.*\n", "3.8", "3.10"),
        ("setup.py", "from setuptools import setup\nsetup(python_requires='~=3.8.0')\n", "3.8.0", "3.10.0"),
        ("environment.yml", "dependencies:\n  - python=3.8.10  # as tested\n  - pip\n", "3.8.10", "3.10"),
        ("run.sh", "conda create -n x python=3.8 -y\n", "3.8", "3.10"),
    ],
)
def test_a_demand_for_python_lets_that_of_the_target_in(
    name: str, text: str, old: str, new: str, tmp_path: Path
) -> None:
    made = plan(tmp_path, {name: text})
    (file,) = made.changed
    assert file.ported.decode() == text.replace(old, new)
    (tmp_path / name).write_bytes(file.ported)
    assert not plan(tmp_path, {}).changed


@pytest.mark.parametrize("wanted", [">=3.7", "^3.8", ">=3.8,<4", "3.12.*"])
def test_a_demand_that_lets_a_python_of_the_target_in_stays(wanted: str, tmp_path: Path) -> None:
    assert not plan(tmp_path, {"pyproject.toml": f'[tool.poetry.dependencies]\npython = "{wanted}"\n'}).findings


OPERATOR = (
    '#include <torch/extension.h>\n__global__ void k() {}\nPYBIND11_MODULE(x, m) { m.def("scale", &scale_cuda); }\n'
)


@pytest.mark.parametrize(
    ("python", "told"),
    [
        ("import ext\ndef scale_ref(x):\n    return x\ny = ext.scale(1)\n", "without it stands in use.py:2"),
        ("try:\n    import ext\nexcept ImportError:\n    ext = None\ny = ext and ext.scale(1)\n", "stands in use.py:3"),
        ("import ext\ny = ext.scale(1)\n", "No Python version of it was found"),
    ],
)
def test_native_code_says_what_python_does_without_it(python: str, told: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"op.cu": OPERATOR, "use.py": python})
    (finding,) = [each for each in made.findings if each.file == "op.cu" and each.verdict is Verdict.MANUAL]
    assert told in finding.why


def test_assembly_in_native_code_is_counted(tmp_path: Path) -> None:
    code = '__global__ void k(int *x) { asm volatile("mov.u32 %0, %clock;" : "=r"(*x)); }  // asm(\n'
    (finding,) = [each for each in plan(tmp_path, {"op.cu": code}).findings if each.verdict is Verdict.MANUAL]
    assert "inline assembly (PTX) in 1 place." in finding.why


TRITON = (
    "import triton\nimport triton.language as tl\n\n@triton.jit\ndef scale(x):\n    pass\n\n"
    "def run(x):\n    scale[(1,)](x)\n"
)
INLINE = (
    "from torch.utils import cpp_extension\next = cpp_extension.load_inline(name='x', functions=['scale'], "
    "cuda_sources=['a'], cpp_sources=['b'])\ny = ext.scale(1)\n"
)


@pytest.mark.parametrize(("code", "where"), [(TRITON, "launches stand in use.py"), (INLINE, "stand in use.py")])
@pytest.mark.parametrize("beside", ["def scale_ref(x):\n    return x\n", "def other(x):\n    return x\n"])
def test_kernels_in_python_say_who_runs_them_and_what_does_without(
    code: str, where: str, beside: str, tmp_path: Path
) -> None:
    made = plan(tmp_path, {"use.py": code, "plain.py": beside})
    said = " ".join(finding.why for finding in made.findings if finding.verdict is Verdict.MANUAL)
    assert where in said
    assert ("stands in plain.py:1" in said) == beside.startswith("def scale_ref")
    assert ("No Python version of it was found" in said) != beside.startswith("def scale_ref")


@pytest.mark.parametrize(
    "line", ["import os; import flash_attn", "x = 1;from flash_attn import f", "import flash_attn"]
)
def test_an_import_is_seen_wherever_its_line_begins(line: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"use.py": line + "\n"})
    assert [finding.subject for finding in made.findings] == ["flash-attn"]


README = (
    "# CUDA\n\nTo be on `cuda`:\n\n```bash\n# on cuda\n$ CUDA_VISIBLE_DEVICES=0 python main.py --device cuda\n```\n"
    "\n~~~python\nx = torch.zeros(1).cuda()\n~~~\n\n```\nmodel.cuda()\n```\n\n```text\ndevice=cuda\n```\n"
)
PORTED = README.replace(
    "CUDA_VISIBLE_DEVICES=0 python main.py --device cuda", "ASCEND_RT_VISIBLE_DEVICES=0 python main.py --device npu"
)
PAGE = "On CUDA:\n\n.. code-block:: sh\n   :caption: cuda\n\n   python main.py --device cuda\n\nand ``cuda``.\n"


def documented(folder: Path, name: str, text: str) -> Plan:
    (folder / name).write_bytes(text.encode())
    (folder / "main.py").write_text(
        "import torch_npu\nimport argparse\np = argparse.ArgumentParser()\np.add_argument('--device', default='cuda')\n"
    )
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice("npu", docs=True))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("README.md", README.split("~~~")[0], PORTED.split("~~~")[0]),
        ("usage.rst", PAGE, PAGE.replace("--device cuda", "--device npu")),
    ],
)
def test_code_blocks_are_ported_on_demand_and_prose_never(
    name: str, before: str, after: str, newline: str, tmp_path: Path
) -> None:
    before, after = before.replace("\n", newline), after.replace("\n", newline)
    made = documented(tmp_path, name, before)
    (file,) = [each for each in made.changed if each.path == name]
    assert file.ported.decode() == after
    assert {each.verdict for each in file.findings if each.edits} == {Verdict.REVIEW}
    assert all(tally.missing == () for tally in made.account)
    again = documented(tmp_path, name, after)
    assert name not in {each.path for each in again.changed}


def test_python_in_a_document_is_ported_with_its_import(tmp_path: Path) -> None:
    made = documented(tmp_path, "README.md", "```python\nimport torch\nx = torch.zeros(1).cuda()\n```\n`x.cuda()`\n")
    (file,) = [each for each in made.changed if each.path == "README.md"]
    assert (
        file.ported.decode() == "```python\nimport torch\nimport torch_npu\nx = torch.zeros(1).npu()\n```\n`x.cuda()`\n"
    )


def test_documents_stay_unless_a_person_asks(tmp_path: Path) -> None:
    assert not plan(tmp_path, {"README.md": README}).changed


BAD = {
    "a.yaml": b"device: cuda\nlist: [\n",
    "a.json": b'{"device": "cuda",,}',
    "a.toml": b'device = "cuda"\n[x\n',
    "old.ipynb": b'{"nbformat": 3, "worksheets": [{"cells": [{"input": "x.cuda()"}]}]}',
    "requirements.txt": b"torch==2.0.0\n@@@ cuda what\n",
    "a.sh": b"python main.py --device cuda \xff\xfe\x00\xd8\n",
    "a.py": b"import torch\nx = torch.zeros(1).cuda(\n",
}


def test_bad_input_is_a_line_of_the_report_and_the_file_stays(tmp_path: Path) -> None:
    for name, text in BAD.items():
        (tmp_path / name).write_bytes(text)
    made = plan(tmp_path, {"good.py": "import torch\nx = torch.zeros(1).cuda()\n"})
    assert {problem.file for problem in made.problems} >= BAD.keys() - {"a.sh"}
    assert {file.path for file in made.changed} <= {"good.py", "requirements.txt", "a.sh"}
    (script,) = [file for file in made.files if file.path == "a.sh"]
    assert script.ported.replace(b"npu", b"cuda") == BAD["a.sh"]  # bytes that are no text come back as they were
    assert all(tally.missing == () for tally in made.account)
