"""The agnostic style: its rules hold, the fixtures compile, one helper has what they use, nothing changes twice."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from labels import FIXTURES

from porter.bump.choice import choice_of
from porter.checkout.source import open_checkout
from porter.cli import porter
from porter.errors import UsageError
from porter.lock import read
from porter.model import Plan, Verdict
from porter.packs.examples import try_style
from porter.plan import Choice, make_plan
from porter.port import patch
from porter.styles.helper import Device, counterparts, defined, functions, render
from porter.styles.home import find_home
from porter.styles.style import HelperSurface
from porter.targets.catalog import names, resolve, sheet

ALL_CASES = sorted(path.name for path in FIXTURES.iterdir() if (path / "in").is_dir())
STANDS_ALONE = {"ipc_collect", "is_available"}  # what the helper answers by itself
CASES = ("minimal-gpt", "detector", "chatglm2-6b", "baichuan-7b", "launcher", "nasty")
VENDORS = re.compile(rb"torch_npu|torch_mlu|\b(npu|mlu|hccl|cncl)\b")


def plan_of(folder: Path, target: str = "npu", *beside: str) -> Plan:
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice(target, style="agnostic", beside=beside))


def written(plan: Plan, folder: Path) -> Path:
    for name, content in {**{f.path: f.ported for f in plan.files}, **{f.path: f.content for f in plan.added}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def safe_edits(plan: Plan) -> list[tuple[str, int, str]]:
    return [(f.file, f.line, f.rule) for f in plan.findings if f.edits and f.verdict is Verdict.PORTED]


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
    again = plan_of(written(plan, tmp_path))
    assert safe_edits(again) == []
    assert {file.path: file.content for file in again.added} == helpers
    assert not any(file.content != file.before for file in again.added)


@pytest.mark.parametrize("case", ALL_CASES)
def test_one_port_serves_every_target(case: str, tmp_path: Path) -> None:
    """The text is the same for all targets together and for each of them, it compiles, and stays so."""
    first, *beside = names()
    plan = plan_of(FIXTURES / case / "in", first, *beside)
    assert not [problem for problem in plan.problems if "different texts" in problem.reason]
    texts = {file.path: file.ported for file in plan.files}
    for target in names():
        alone = plan_of(FIXTURES / case / "in", target)
        assert {file.path: file.ported for file in alone.changed}.items() <= texts.items(), target
        verdicts = sorted((f.file, f.line, f.rule) for f in plan.on(alone.target) if f.rule != "KEPT")
        assert verdicts == sorted((f.file, f.line, f.rule) for f in alone.findings if f.rule != "KEPT")
    for file in plan.changed:
        if file.kind == "python":
            compile(file.ported, file.path, "exec")
    assert len({finding.id for finding in plan.findings}) == len(plan.findings)
    again = plan_of(written(plan, tmp_path), first, *beside)
    assert safe_edits(again) == []
    assert [file.content for file in again.added] == [file.content for file in plan.added]


@pytest.mark.parametrize("target", names())
def test_each_name_of_cuda_is_in_the_helper_or_stays_with_a_person(target: str) -> None:
    chosen, theirs = resolve(target)
    surface = HelperSurface(theirs.sheet, theirs.release, "accel", chosen.title)
    known = {name for each in names() for name in sheet(each).names}
    assert len(known) > 100
    for name in sorted(known):
        answer, on_target = surface.look(name), theirs.look(name)
        if answer.status == "missing":
            assert not answer.name, name
        elif answer.name != name:
            function = answer.name.removeprefix("accel.")
            assert function in functions(), name
            gone = on_target.status == "missing" and function == name.removeprefix("torch.cuda.")
            assert not gone or answer.status == "unknown" or function in STANDS_ALONE, name


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


@pytest.mark.parametrize(
    ("file", "text", "floor"),
    [
        ("requirements.txt", "torch>=2.9\n", True),
        ("pyproject.toml", '[project]\nname = "a"\ndependencies = ["torch>=2.9,<3", "numpy"]\n', True),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.10"\ntorch = "^2.9"\n', True),
        ("setup.py", "from setuptools import setup\nsetup(name='a', install_requires=['torch ~= 2.9'])\n", True),
        ("pyproject.toml", '[project]\nname = "a"\noptional-dependencies = {fast = ["torch>=2.9"]}\n', False),
        ("pyproject.toml", '[project\ndependencies = ["torch>=2.9"]\n', False),
        ("requirements.txt", "torch>=2.0\n", False),
        ("requirements.txt", "torch\n", False),
    ],
)
def test_a_floor_of_torch_makes_the_helper_needless(file: str, text: str, floor: bool, tmp_path: Path) -> None:
    code = "import torch\ntorch.cuda.synchronize()\ntorch.cuda.empty_cache()\n"
    plan = plan_of(repo(tmp_path, a=code, **{file: text}))
    assert bool(plan.added) is not floor
    name = b"torch.accelerator" if floor else b"accel"
    assert b"\n" + name + b".synchronize()\n" + name + b".empty_cache()\n" in plan.changed[0].ported


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


def test_several_native_ports_get_a_folder_each_and_one_summary(tmp_path: Path) -> None:
    out = tmp_path / "ports"
    words = ["migrate", str(FIXTURES / "minimal-gpt" / "in"), "-t", "npu,mlu", "--no-verify", "--out", str(out)]
    done = CliRunner().invoke(porter, words, standalone_mode=False)
    assert done.exception is None
    assert "npu" in done.output.splitlines()[2]
    assert "mlu" in done.output.splitlines()[2]
    assert {place.name: read(place / "porter.lock").target.name for place in out.iterdir()} == {
        "npu": "npu",
        "mlu": "mlu",
    }
    assert b"torch.mlu" in (out / "mlu" / "train.py").read_bytes()


def test_one_agnostic_port_for_several_has_a_column_for_each(tmp_path: Path) -> None:
    words = ["migrate", str(FIXTURES / "minimal-gpt" / "in"), "-t", "npu,mlu", "--style", "agnostic", "--no-verify"]
    assert CliRunner().invoke(porter, [*words, "--out", str(tmp_path / "port"), "-q"]).exception is None
    report = (tmp_path / "port" / "report.md").read_text()
    assert "| sites | `npu` | `mlu` |" in report
    assert "*manual* (for npu)" in report
    told = json.loads((tmp_path / "port" / "report.json").read_text())
    assert [other["name"] for other in told["others"]] == ["mlu"]
    assert {"npu": "manual"} in [finding.get("on") for finding in told["findings"]]
    lock = read(tmp_path / "port" / "porter.lock")
    assert choice_of(lock).beside == (f"mlu@{resolve('mlu')[0].version}",)
    assert b'"mlu": "cncl", "npu": "hccl"' in (tmp_path / "port" / "accel.py").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-t", "npu,mlu", "--diff"], "--diff is for one port"),
        (["-t", "npu,,mlu"], "empty name"),
        (["-t", "npu,npu@2.6"], "names npu twice"),
        (["-t", "npu,mlo"], "mlu"),
        (["-t", "npu", "--style", "neutral"], "native, agnostic"),
        (["-t", "npu,mlu", "--format", "sarif"], "is for one target"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    words = ["migrate", str(repo(tmp_path / "a", a="x = 1\n")), *words]
    done = CliRunner().invoke(porter, words, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert [place.name for place in tmp_path.iterdir()] == ["a"]


def test_style_and_targets_can_be_settings(tmp_path: Path) -> None:
    settings = '[tool.porter]\ntarget = "npu,mlu"\nstyle = "agnostic"\n'
    root = repo(tmp_path, a="import torch\ntorch.cuda.empty_cache()\n", **{"pyproject.toml": settings})
    done = CliRunner().invoke(porter, ["scan", str(root), "--format", "json"], standalone_mode=False)
    told = json.loads(done.output)
    assert [other["name"] for other in told["others"]] == ["mlu"]
    assert "accel.empty_cache()" in [finding["after"] for finding in told["findings"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('x.device.type == "cuda"', "accel.is_accelerator(x.device.type)"),
        ('"cuda" != device', "not accel.is_accelerator(device)"),
        ('"cuda" not in str(device)', "not accel.is_accelerator(str(device))"),
        ('(device or x.device.type) == "cuda"', "accel.is_accelerator((device or x.device.type))"),
        ('device.startswith("cuda")', "accel.is_accelerator(device)"),
        ("x.is_cuda", "accel.is_accelerator(x.device)"),
        ('dist.get_backend() != "nccl"', "not accel.is_dist_backend(dist.get_backend())"),
    ],
)
def test_a_test_for_cuda_asks_for_an_accelerator_that_the_helper_knows(before: str, after: str, tmp_path: Path) -> None:
    text = "import torch\nimport torch.distributed as dist\n\ndef f(x, device):\n    return {}\n"
    assert f"    return {after}\n" in ported(repo(tmp_path, a=text.format(before)))


def test_the_helper_is_not_put_among_the_tests(tmp_path: Path) -> None:
    text = "import torch\ntorch.cuda.empty_cache()\n"
    tests = {f"tests__test_{number}": text for number in range(5)}
    root = repo(tmp_path, **{"setup.py": "", "src__net__-init": text, "tests__-init": "", **tests})
    assert [file.path for file in plan_of(root).added] == ["src/net/accel.py"]
    assert ported(root, "tests/test_1.py").startswith("import torch\nfrom net import accel\n")


def test_a_name_that_is_wanted_as_a_class_stays(tmp_path: Path) -> None:
    text = (
        "from torch.cuda.amp import GradScaler, autocast\n\ndef f(s: GradScaler):\n    with autocast():\n        pass\n"
    )
    plan = plan_of(repo(tmp_path, a=text))
    assert b"from accel import autocast\nfrom torch.cuda.amp import GradScaler\n" in plan.changed[0].ported
    assert [f.line for f in plan.findings if f.verdict is Verdict.MANUAL] == [1]


def test_a_file_that_a_hub_serves_alone_is_named(tmp_path: Path) -> None:
    text = "import torch\ntorch.cuda.empty_cache()\n"
    served = '{"auto_map": {"AutoModel": "modeling_a.Model"}}'
    plan = plan_of(repo(tmp_path, modeling_a=text, b=text, **{"config.json": served}))
    assert [problem.file for problem in plan.problems] == ["modeling_a.py"]


def test_beside_upstreams_own_code_for_an_accelerator_a_person_decides(tmp_path: Path) -> None:
    branches = (f"    if device == '{name}':\n        return x.{name}()\n" for name in ("cuda", "xpu"))
    text = "def f(device, x):\n" + "".join(branches)
    plan = plan_of(repo(tmp_path, a=text))
    assert plan.changed == []
    assert {f.verdict for f in plan.findings if f.rule != "KEPT"} == {Verdict.MANUAL}


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


def test_what_brings_a_backend_is_imported_where_the_helper_names_one() -> None:
    gaudi = [Device("hpu", "habana_frameworks.torch", "hccl", "habana_frameworks.torch.distributed.hccl")]
    assert b"import habana_frameworks.torch.distributed.hccl" in render({"dist_backend"}, gaudi)
    assert b"distributed.hccl" not in render({"device"}, gaudi)
