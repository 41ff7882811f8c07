"""Guards: imports of packages that the target lacks, wrapped only where the code has another way."""

from __future__ import annotations

from pathlib import Path

import pytest

from porter.checkout.source import open_checkout
from porter.model import Finding, Plan, Verdict
from porter.plan import Choice, make_plan

TWO_WAYS = "    if use_flash:\n        return flash_attn_func(q)\n    return plain(q)\n"
IMPORT = "from flash_attn import flash_attn_func\n"


def plan(folder: Path, files: dict[str, str], target: str = "npu") -> Plan:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice(target))


def of(made: Plan, *rules: str) -> list[Finding]:
    return [finding for finding in made.findings if finding.rule in (rules or ("PKG001", "PKG016"))]


@pytest.mark.parametrize(
    "text",
    [
        IMPORT + "def f(q, use_flash):\n" + TWO_WAYS,
        IMPORT + "def f(q):\n    if flash_attn_func is None:\n        return plain(q)\n    return flash_attn_func(q)\n",
        IMPORT + "def f(q):\n    return flash_attn_func(q) if cfg.use_flash else plain(q)\n",
        IMPORT
        + "def f(q):\n    if not cfg.use_flash:\n        o = plain(q)\n    else:\n        o = flash_attn_func(q)\n",
        IMPORT
        + "def f(q):\n    if cfg.attn == 'flash':\n        o = flash_attn_func(q)\n    else:\n        o = plain(q)\n",
        IMPORT
        + "def g(q):\n    return flash_attn_func(q)\ndef f(q, use_flash):\n    return g(q) if use_flash else q\n",
        IMPORT
        + "class A:\n    def forward(self):\n        flash_attn_func(1)\ndef f(flash):\n    A() if flash else 1\n",
        "from flash_attn import (  # fast\n    flash_attn_func,\n)  # noqa\ndef f(q, use_flash):\n" + TWO_WAYS,
    ],
)
def test_an_import_beside_a_branch_that_does_without_is_wrapped(text: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"model.py": text})
    assert [f.verdict for f in of(made)] == [Verdict.REVIEW]
    scope: dict[str, object] = {"plain": len}
    exec(made.files[0].ported, scope)  # without the package
    assert scope["flash_attn_func"] is None
    again = plan(tmp_path, {"model.py": made.files[0].ported.decode()})
    assert [f.verdict for f in of(again)] == [Verdict.KEPT]
    assert not again.changed


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (IMPORT + "def f(q):\n    return flash_attn_func(q)\n", "line 3 uses"),
        (IMPORT + "def f(q, training):\n" + TWO_WAYS.replace("use_flash", "training"), "line 4 uses"),
        (IMPORT + "def f(q, use_flash):\n    if use_flash:\n        q = flash_attn_func(q)\n", "line 4 uses"),
        (
            IMPORT
            + "def f(q, use_flash):\n    if use_flash:\n        q = flash_attn_func(q)\n    else:\n        raise E\n",
            "line 4 uses",
        ),
        (IMPORT + "USE_FLASH = True\ndef f(q):\n" + TWO_WAYS.replace("use_flash", "USE_FLASH"), "line 5 uses"),
        (IMPORT + "class A(flash_attn_func):\n    pass\n", "line 2 uses"),
        (IMPORT, "nothing in this file uses it"),
        ("from flash_attn import *\ndef f(q, use_flash):\n" + TWO_WAYS, "with a star"),
        (IMPORT.strip() + "; x = 1\ndef f(q, use_flash):\n" + TWO_WAYS, "other statements"),
        ("def f(q, use_flash):\n    from flash_attn import flash_attn_func\n" + TWO_WAYS, "where the code needs it"),
        (IMPORT + "flash_attn_func = wrap(flash_attn_func)\ndef f(q, use_flash):\n" + TWO_WAYS, "another value"),
        (IMPORT + "from flash_attn import pad\ndef f(q, use_flash):\n" + TWO_WAYS, "nothing in this file uses it"),
        (
            "try:\n    import flash_attn\nexcept ImportError:\n    print()\ndef f(q):\n    return flash_attn.f(q)\n",
            "its failure is caught, but line 6",
        ),
    ],
)
def test_any_other_import_is_left_to_a_person(text: str, why: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"model.py": text})
    assert {f.verdict for f in of(made)} == {Verdict.MANUAL}
    assert why in of(made)[0].why
    assert not made.changed


def test_a_name_that_other_files_use_is_not_wrapped(tmp_path: Path) -> None:
    other = "from model import flash_attn_func\nflash_attn_func(1)\n"
    made = plan(tmp_path, {"model.py": IMPORT + "def f(q, use_flash):\n" + TWO_WAYS, "other.py": other})
    assert [(f.file, f.verdict) for f in of(made)] == [("model.py", Verdict.MANUAL)]


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    from apex import amp\n    HAS = True\nexcept ImportError:\n    HAS = False\n",
        "try:\n    import flash_attn\nexcept Exception:\n    flash_attn = None\n",
        "import importlib.util\nhas = importlib.util.find_spec('xformers') is not None\n",
    ],
)
def test_what_is_guarded_already_stays(text: str, tmp_path: Path) -> None:
    made = plan(tmp_path, {"model.py": text})
    assert [f.verdict for f in of(made)] == [Verdict.KEPT]


def test_a_test_for_the_card_guards_nothing(tmp_path: Path) -> None:
    text = "import torch\nif torch.cuda.is_available():\n    import pynvml\n    pynvml.nvmlInit()\n"
    assert [f.verdict for f in of(plan(tmp_path, {"m.py": text}))] == [Verdict.MANUAL]


def test_a_build_of_the_vendors_brings_the_import(tmp_path: Path) -> None:
    text = "import triton\ndef f(q, use_triton):\n    return triton.f(q) if use_triton else q\n"
    made = plan(tmp_path, {"m.py": text})
    assert [f.verdict for f in of(made)] == [Verdict.MANUAL]
    assert made.dependencies[0].verdict == "works with a vendor build"
    assert any("triton-ascend" in source for source in made.dependencies[0].evidence)
