"""The fixtures: hand-written labels hold, a second port changes nothing, whatever is written compiles."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from labels import FIXTURES, Checker, cases, targets

from porter.checkout.source import open_checkout
from porter.model import Plan, Verdict
from porter.plan import Choice, make_plan
from porter.targets.catalog import names

PAIRS = [(case, target) for case in cases() for target in targets(case)]
MATRIX = [(case, target) for case in cases() for target in names()]  # labelled or not
BROKEN = {"bad_cookie.py", "broken.py", "invalid.py", "nul.py", "python2.py"}


def plan_of(folder: Path, target: str) -> Plan:
    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, Choice(target))


@pytest.fixture(scope="module")
def plans() -> dict[tuple[str, str], Plan]:
    return {(case, target): plan_of(FIXTURES / case / "in", target) for case, target in MATRIX}


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_labels_hold(case: str, target: str, plans: dict[tuple[str, str], Plan]) -> None:
    assert Checker(case, target, plans[case, target]).failures() == []


@pytest.mark.parametrize(("case", "target"), MATRIX)
def test_ported_python_compiles(case: str, target: str, plans: dict[tuple[str, str], Plan]) -> None:
    for file in plans[case, target].changed:
        if file.kind == "python":
            ast.parse(file.ported)


@pytest.mark.parametrize(("case", "target"), MATRIX)
def test_second_port_has_nothing_safe_to_do(
    case: str, target: str, plans: dict[tuple[str, str], Plan], tmp_path: Path
) -> None:
    for file in plans[case, target].files:
        place = tmp_path / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.ported)
    again = plan_of(tmp_path, target)
    assert [(f.file, f.line, f.rule) for f in again.findings if f.edits and f.verdict is Verdict.PORTED] == []


def test_counts_add_up_and_ids_are_unique(plans: dict[tuple[str, str], Plan]) -> None:
    for plan in plans.values():
        assert sum(plan.count(verdict) for verdict in Verdict) == len(plan.findings)
        ids = [finding.id for finding in plan.findings]
        assert len(ids) == len(set(ids))


def test_broken_files_are_named_and_left_alone(plans: dict[tuple[str, str], Plan]) -> None:
    for target in ("npu", "mlu"):
        plan = plans["nasty", target]
        assert {Path(problem.file).name for problem in plan.problems} >= BROKEN
        assert not any(Path(file.path).name in BROKEN for file in plan.changed)
