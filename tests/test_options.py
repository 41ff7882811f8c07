"""Options: a value changes where a program defines it and in every line that passes it, or at neither end."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labels import FIXTURES, cases
from launch_lines import misfits

from porter.checkout.source import open_checkout
from porter.model import Plan, Verdict
from porter.options import Ledger, Option
from porter.plan import Choice, make_plan


def port_of(folder: Path, target: str = "mlu") -> tuple[Plan, dict[str, str]]:
    """The plan, and the port as text; documentation and CI of upstream's stay, so they are left out."""
    with open_checkout(str(folder)) as checkout:
        plan = make_plan(checkout, Choice(target))
    changed = {file.path: file.ported for file in plan.changed}
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if path.suffix in {".py", ".sh", ".ipynb"} or path.name in {"Makefile", "Dockerfile"}:
            files[name] = changed.get(name, path.read_bytes()).decode("utf-8", "replace")
    return plan, files


@pytest.mark.parametrize("case", cases())
@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_launch_lines_of_a_port_fit_the_options_of_the_port(case: str, target: str) -> None:
    home = FIXTURES / case / "in"
    _, files = port_of(home, target)
    original = {path: (home / path).read_bytes().decode("utf-8", "replace") for path in files}
    assert len(misfits(files)) <= len(misfits(original))
    assert {each.option for each in misfits(files)} <= {each.option for each in misfits(original)}


WAYS = {
    "argparse": 'import argparse\np = argparse.ArgumentParser()\np.add_argument("--{name}", default="cuda", '
    "choices={choices})\n",
    "click": 'import click\n@click.command()\n@click.option("--{name}", type=click.Choice({choices}), default="cuda")\n'
    "def main(**kw):\n    pass\n",
    "named": "import argparse\nTAKEN = {choices}\np = argparse.ArgumentParser()\n"
    'p.add_argument("--{name}", choices=TAKEN)\n',
}
PASSED = {
    "run.sh": "python main.py --{name} cuda\n",
    "run2.sh": 'X=cuda\npython main.py --seed 1 --{name} "$X"\n',
    "run3.sh": "torchrun --nproc_per_node 2 main.py --{name}=cuda\n",
    "run4.sh": "python -u -m main --{name} cuda\n",
    "Makefile": "run:\n\tpython main.py --{name} cuda\n",
    "Dockerfile": 'FROM python\nCMD ["python", "main.py", "--{name}", "cuda"]\n',
}


@settings(max_examples=25, deadline=None)
@given(
    way=st.sampled_from(sorted(WAYS)),
    name=st.sampled_from(["device", "platform", "on", "where-to", "hardware", "xpu_or_what"]),
    choices=st.sampled_from([["cuda", "cpu"], ["cpu", "cuda"], ["cuda", "mlu", "cpu"], ["cuda", "rocket"]]),
    files=st.sets(st.sampled_from(sorted(PASSED)), min_size=1),
    breaks=st.booleans(),
)
def test_both_ends_change_or_neither(
    tmp_path_factory: pytest.TempPathFactory, way: str, name: str, choices: list[str], files: set[str], breaks: bool
) -> None:
    home = tmp_path_factory.mktemp("repo")
    (home / "main.py").write_text(WAYS[way].format(name=name, choices=choices) + ("print 1\n" if breaks else ""))
    for file in files:
        (home / file).write_text(PASSED[file].format(name=name))
    plan, ported = port_of(home)
    if breaks:
        assert all("mlu" not in ported[file].replace(str(choices), "") for file in files)
    else:
        assert misfits(ported) == []
    assert all(tally.missing == () for tally in plan.account)


def test_a_value_that_stays_names_both_ends() -> None:
    plan, _ = port_of(FIXTURES / "launcher" / "in")
    held = {(f.file, f.line): f for f in plan.findings if "so neither end is changed" in f.why}
    assert {("scripts/run.sh", 8), ("scripts/run.sh", 12), ("tools/run_all.py", 7)} <= held.keys()
    assert "train.py:13" in held["scripts/run.sh", 8].why
    assert all(f.verdict is Verdict.MANUAL for f in held.values())


def option(file: str, became: dict[str, str], choices: tuple[str, ...] = ()) -> Option:
    return Option(file, 1, frozenset({"device"}), tuple(became.items()), frozenset(choices))


def test_the_ledger_asks_the_program_that_is_run() -> None:
    ledger = Ledger()
    ledger.learn("a/main.py", [option("a/main.py", {"cuda": "cuda"})])
    ledger.learn("b/main.py", [option("b/main.py", {"cuda": "mlu"})])
    ledger.learn("c/run.py", [], frozenset({"arguments"}))
    ledger.learn("c/arguments.py", [option("c/arguments.py", {"cuda": "cuda"})])

    def verdict(program: str, old: str = "cuda", new: str = "mlu") -> str | None:
        answer = ledger.answer("--device", old, new, program)
        return answer.verdict if answer else None

    assert verdict("./a/main.py") == "stays"
    assert verdict("b.main") == "moves"
    assert verdict("b/main.py", "cuda:1", "mlu:1") == "moves"
    assert verdict("c/run.py") == "stays"
    assert verdict("main.py") == "torn"
    assert verdict("elsewhere.py") == "moves"  # no program of the checkout: that one of them keeps it says nothing
    assert ledger.answer("--other", "cuda", "mlu") is None
    ledger.unread("d/broken.py")
    assert verdict("d/broken.py") == "stays"
