"""The account: every line that names an accelerator has a verdict, and one that has none is shouted about."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from labels import FIXTURES, cases

from porter.artefacts import frame
from porter.checkout.source import open_checkout
from porter.cli import INTERNAL, porter
from porter.model import Plan, Verdict
from porter.plan import Choice, make_plan


def plan_of(folder: Path) -> Plan:
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice("mlu"))


@pytest.mark.parametrize("case", cases())
def test_every_named_line_of_a_fixture_has_a_verdict(case: str) -> None:
    plan = plan_of(FIXTURES / case / "in")
    assert [tally.missing for tally in plan.account if tally.missing] == []
    for tally in plan.account:
        assert tally.found == sum(amount for _, amount in tally.counts)


WORDS = [
    "cuda",
    "CUDA",
    "cuDNN",
    "NVTX",
    "nccl",
    "barracuda",
    "torch.cuda",
    "--no-cuda",
    "cublasLt",
    "plain",
    '"cuda:0"',
]
NAMES = [
    "a.py",
    "run.sh",
    "c.yaml",
    "c.json",
    "c.toml",
    "c.ini",
    "Makefile",
    "Dockerfile",
    "requirements.txt",
    "n.ipynb",
    "k.cu",
    "k.cpp",
    "README.md",
    "x.rst",
    "notes.txt",
    "CMakeLists.txt",
    "r.def",
    "s.bat",
    "weird.xyz",
    "e.jsonl",
]


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    lines=st.lists(
        st.tuples(st.sampled_from(["", "# ", "x: ", "y = ", "  - ", "echo ", "{"]), st.sampled_from(WORDS)), min_size=1
    ),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_every_named_line_of_any_text_has_a_verdict(
    tmp_path_factory: pytest.TempPathFactory, name: str, lines: list[tuple[str, str]], newline: str
) -> None:
    home = tmp_path_factory.mktemp("repo")
    text = newline.join(before + word for before, word in lines) + newline
    (home / name).write_bytes(text.encode())
    plan = plan_of(home)
    named = {number for number, (_, word) in enumerate(lines, 1) if word != "plain"}
    assert sum(tally.found for tally in plan.account) == len(named)
    assert [tally.missing for tally in plan.account if tally.missing] == []


def test_a_line_that_the_plan_forgot_is_shouted_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.sh").write_text("ls\n# cuda\nexport CUDA_VISIBLE_DEVICES=0\n")
    monkeypatch.setattr(frame, "remainders", lambda *_: [])
    plan = plan_of(tmp_path)
    assert [tally.missing for tally in plan.account] == [(("run.sh", 2),)]
    assert [(p.file, p.line) for p in plan.problems] == [("run.sh", 2)]
    done = CliRunner().invoke(porter, ["scan", str(tmp_path), "--target", "mlu"], standalone_mode=False)
    assert done.return_value == INTERNAL
    assert "NO VERDICT" in done.output and "run.sh:2" in done.output


def test_the_account_says_what_kind_of_file_costs_what(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM nvidia/cuda:12.2.0-base\n")
    (tmp_path / "run.sh").write_text("CUDA_VISIBLE_DEVICES=0 python a.py\n")
    counts = {tally.kind: (dict(tally.counts), tally.effort) for tally in plan_of(tmp_path).account}
    assert counts["dockerfile"][0][Verdict.MANUAL] == 1 and counts["dockerfile"][1] == 60
    assert counts["shell"][0][Verdict.PORTED] == 1 and counts["shell"][1] == 0
    done = CliRunner().invoke(porter, ["scan", str(tmp_path), "--target", "mlu"], standalone_mode=False)
    assert "Lines that name an accelerator" in done.output and "dockerfile" in done.output
