"""The agnostic style: its rules hold, the fixtures compile, one helper has what they use, nothing changes twice."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from labels import FIXTURES

from porter.checkout.source import open_checkout
from porter.cli import porter
from porter.errors import UsageError
from porter.model import Plan, Verdict
from porter.packs.examples import try_style
from porter.plan import Choice, make_plan
from porter.port import patch
from porter.styles.helper import Device, counterparts, defined, functions, render
from porter.styles.home import find_home
from porter.targets.catalog import names

CASES = ("minimal-gpt", "detector", "chatglm2-6b", "baichuan-7b", "launcher", "nasty")
VENDORS = re.compile(rb"torch_npu|torch_mlu|\b(npu|mlu|hccl|cncl)\b")


def plan_of(folder: Path, target: str = "npu") -> Plan:
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice(target, style="agnostic"))


def repo(root: Path, **files: str) -> Path:
    for name, text in files.items():
        place = root / name.replace("__", "/").replace("-init", "__init__")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_suffix(".py" if not place.suffix else place.suffix).write_text(text)
    return root


def ported(root: Path, path: str = "a.py") -> str:
    plan = plan_of(root)
    return next(file.ported.decode() for file in plan.files if file.path == path)


@pytest.mark.parametrize("target", names())
def test_examples_of_the_style_hold(target: str) -> None:
    trial = try_style(target)
    assert trial.failures == ()
    assert trial.examples > trial.rules > 0


@pytest.mark.parametrize("case", CASES)
def test_fixtures(case: str, tmp_path: Path) -> None:
    plan = plan_of(FIXTURES / case / "in")
    helpers = {file.path: file.content for file in plan.added}
    assert len(helpers) <= 1
    for file in plan.changed:
        if file.kind == "python":
            ast.parse(file.ported)
            before, after = len(VENDORS.findall(file.original)), len(VENDORS.findall(file.ported))
            assert after <= before, file.path
    for path, content in helpers.items():
        texts = (file.ported.decode("utf-8", "replace") for file in plan.files)
        used = {name for text in texts for name in re.findall(r"\baccel\.(\w+)\(", text)}
        assert used <= defined(content), path
        compile(content, path, "exec")
    for name, content in {**{file.path: file.ported for file in plan.files}, **helpers}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    again = plan_of(tmp_path)
    assert [(f.file, f.line, f.rule) for f in again.findings if f.edits and f.verdict is Verdict.PORTED] == []
    assert {file.path: file.content for file in again.added} == helpers
    assert not any(file.content != file.before for file in again.added)


def test_a_second_run_of_the_verb_changes_nothing(tmp_path: Path) -> None:
    words = ["migrate", "-t", "npu", "--style", "agnostic", "-q", "--no-verify", "--out"]
    first, second = tmp_path / "one", tmp_path / "two"
    for out, checkout in ((first, FIXTURES / "minimal-gpt" / "in"), (second, first)):
        assert CliRunner().invoke(porter, [*words, str(out), str(checkout)]).exception is None
    for path in first.rglob("*.py"):
        assert (second / path.relative_to(first)).read_bytes() == path.read_bytes()


def test_git_applies_the_patch_with_the_helper(tmp_path: Path) -> None:
    root = repo(tmp_path, a="import torch\ntorch.cuda.empty_cache()\n")
    (tmp_path / "p.diff").write_bytes(patch(plan_of(root)))
    subprocess.run(["git", "apply", "p.diff"], cwd=root, check=True)
    assert "import accel" in (root / "a.py").read_text()
    assert "def empty_cache" in (root / "accel.py").read_text()


def test_a_package_that_is_installed_has_the_helper_inside(tmp_path: Path) -> None:
    text = "import torch\ntorch.cuda.empty_cache()\n"
    root = repo(tmp_path, **{"setup.py": "", "net__-init": "", "net__sub__-init": "", "net__sub__a": text, "run": text})
    plan = plan_of(root)
    assert [file.path for file in plan.added] == ["net/accel.py"]
    assert ported(root, "net/sub/a.py").startswith("import torch\nfrom net import accel\naccel.")


def test_the_helper_takes_no_name_of_the_repository(tmp_path: Path) -> None:
    root = repo(tmp_path, a="import torch\naccel = 1\ntorch.cuda.empty_cache()\n")
    assert [file.path for file in plan_of(root).added] == ["accel_device.py"]


def test_a_helper_changed_by_hand_is_kept_and_what_it_lacks_is_said(tmp_path: Path) -> None:
    mine = render({"empty_cache"}, ()) + b"MINE = 1\n"
    root = repo(tmp_path, a="import torch\ntorch.cuda.synchronize()\n")
    (root / "accel.py").write_bytes(mine)
    plan = plan_of(root)
    assert [file.content for file in plan.added] == [mine]
    assert ["synchronize" in problem.reason for problem in plan.problems] == [True]


def test_a_floor_of_torch_makes_the_helper_needless(tmp_path: Path) -> None:
    root = repo(tmp_path, a="import torch\ntorch.cuda.synchronize()\n", **{"requirements.txt": "torch>=2.6\n"})
    plan = plan_of(root)
    assert plan.added == ()
    assert b"torch.accelerator.synchronize()" in plan.changed[0].ported


def test_names_without_a_counterpart_are_said_and_stay_right(tmp_path: Path) -> None:
    text = "from torch import cuda\ncuda.empty_cache()\ncuda.nvtx.mark('x')\n"
    root = repo(tmp_path, a=text)
    wanted = "from torch import cuda\nimport accel\naccel.empty_cache()\ncuda.nvtx.mark('x')\n"
    assert ported(root) == wanted
    assert any(f.verdict is Verdict.MANUAL and f.line == 3 for f in plan_of(root).findings)


@pytest.mark.parametrize(
    "text",
    [
        "from typing import Literal\ndef f(device: Literal['cuda', 'cpu']): ...\n",
        "def f(device):\n    match device:\n        case 'cuda': pass\n",
        "def f(device):\n    return device in ('cuda', 'xpu')\n",
    ],
)
def test_where_no_expression_can_stand_a_person_decides(text: str, tmp_path: Path) -> None:
    plan = plan_of(repo(tmp_path, a=text))
    assert plan.changed == []
    assert [f.verdict for f in plan.findings] == [Verdict.MANUAL]


def test_values_that_people_type_stay(tmp_path: Path) -> None:
    typed = "CUDA_VISIBLE_DEVICES=0 python a.py --device cuda\n"
    root = repo(tmp_path, a="import torch\nx.to('cuda')\n", **{"run.sh": typed})
    plan = plan_of(root)
    assert [file.path for file in plan.changed] == ["a.py"]
    assert {f.verdict for f in plan.findings if f.file == "run.sh"} == {Verdict.KEPT}


def test_every_function_of_the_helper_stands_alone() -> None:
    for name in functions():
        made = render({name}, (Device("npu", "torch_npu", "hccl"),))
        assert name in defined(made)
        compile(made, name, "exec")
    assert set(counterparts().values()) <= functions()


def test_scripts_in_another_folder_find_the_helper() -> None:
    used = b"import torch\ntorch.cuda.empty_cache()\n"
    home = find_home({"a.py": used, "b.py": used, "tune/main.py": used}, ["a.py", "b.py", "tune/main.py"])
    assert home.path == "accel.py"
    assert home.statement("tune/main.py").count("dirname") == 2


def test_an_unknown_style_is_refused() -> None:
    with (
        pytest.raises(UsageError, match="native, agnostic"),
        open_checkout(str(FIXTURES / "pinned" / "in")) as checkout,
    ):
        make_plan(checkout, Choice("npu", style="neutral"))


def test_several_targets_at_once_are_refused_in_a_sentence(tmp_path: Path) -> None:
    words = ["migrate", str(repo(tmp_path, a="x = 1\n")), "-t", "npu,mlu", "--style", "agnostic"]
    done = CliRunner().invoke(porter, words, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert "takes one accelerator" in str(done.exception)


@pytest.mark.parametrize("way", [["--in-place"], ["--branch", "port"]])
def test_the_helper_comes_along_in_git(way: list[str], tmp_path: Path) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    repo(tmp_path, a="import torch\ntorch.cuda.empty_cache()\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        git(*words)
    words = ["migrate", str(tmp_path), "-t", "mlu", "--style", "agnostic", "-q", *way]
    assert CliRunner().invoke(porter, words).exception is None
    helper = (tmp_path / "accel.py").read_text() if "--in-place" in way else git("show", "port:accel.py")
    assert '"mlu": "cncl"' in helper
    if "--in-place" in way:
        git("add", "-A")
        git("commit", "-qm", "y")
        assert CliRunner().invoke(porter, words).exception is None
        assert {"a.py", "accel.py"}.isdisjoint(git("status", "--short").split())
