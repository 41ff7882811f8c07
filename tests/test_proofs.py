"""Proofs about a port as a whole, over every fixture and target: each file is still what its own readers take."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dockerfile
import nbformat
import pytest
import yaml
from labels import FIXTURES, cases
from packaging.requirements import InvalidRequirement, Requirement
from tomlkit import parse as toml

from porter.checkout.source import open_checkout
from porter.model import FilePlan, Plan
from porter.plan import Choice, make_plan
from porter.port import write_sibling
from porter.targets.catalog import names

PAIRS = [(case, target) for case in cases() for target in names()]


@pytest.fixture(scope="module")
def plans() -> dict[tuple[str, str], Plan]:
    made = {}
    for case, target in PAIRS:
        with open_checkout(str(FIXTURES / case / "in")) as checkout:
            made[case, target] = make_plan(checkout, Choice(target))
    return made


def changed(plan: Plan, *kinds: str) -> list[FilePlan]:
    return [file for file in plan.changed if file.kind in kinds]


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_bash_takes_every_script_that_it_took_before(
    case: str, target: str, plans: dict[tuple[str, str], Plan]
) -> None:
    for file in changed(plans[case, target], "shell"):
        before, after = (
            subprocess.run(["bash", "-n"], input=text, capture_output=True, check=False).returncode
            for text in (file.original, file.ported)
        )
        assert after == 0 or before != 0, file.path


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_notebooks_are_notebooks(case: str, target: str, plans: dict[tuple[str, str], Plan]) -> None:
    for file in changed(plans[case, target], "notebook"):
        nbformat.validate(nbformat.reads(file.ported.decode(), as_version=nbformat.NO_CONVERT))
        before, after = json.loads(file.original), json.loads(file.ported)
        for old, new in zip(before["cells"], after["cells"], strict=True):
            assert {**old, "source": ""} == {**new, "source": ""}
        assert {**before, "cells": 0} == {**after, "cells": 0}


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_dockerfiles_have_the_same_instructions(case: str, target: str, plans: dict[tuple[str, str], Plan]) -> None:
    for file in changed(plans[case, target], "dockerfile"):
        before, after = (dockerfile.parse_string(text.decode()) for text in (file.original, file.ported))
        assert [(each.cmd, each.start_line) for each in before] == [(each.cmd, each.start_line) for each in after]


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every leaf with its place; the keys are a part of the place."""
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from leaves(item, (*path, str(index)))
    else:
        yield path, tree


def loaded(file: FilePlan, text: bytes) -> Any:
    if file.kind == "yaml":
        return list(yaml.load_all(text, Loader=yaml.BaseLoader))
    if file.kind == "toml":
        return toml(text.decode()).unwrap()
    return json.loads(re.sub(rb'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', rb"\1", text, flags=re.DOTALL))


def intended(file: FilePlan, text: str) -> set[str]:
    """All that the edits of a file may make of a text."""
    made = {text}
    for edit in (edit for finding in file.findings for edit in finding.edits):
        old, new = edit.expected.decode(), edit.new.decode()
        if old:
            made |= {each.replace(old, new, count) for each in made for count in (1, -1) if old in each}
        else:  # an insertion: a statement in a here-document
            made |= {each.replace(new, "") for each in made}
    return made


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_configurations_load_to_the_same_tree_but_for_the_intended_values(
    case: str, target: str, plans: dict[tuple[str, str], Plan]
) -> None:
    for file in changed(plans[case, target], "yaml", "toml", "json"):
        before, after = (list(leaves(loaded(file, text))) for text in (file.original, file.ported))
        assert len(before) == len(after)
        for (place, old), (where, new) in zip(before, after, strict=True):
            assert "/".join(where) in intended(file, "/".join(place))
            assert type(old) is type(new) and str(new) in intended(file, str(old))


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_requirements_are_still_requirements(case: str, target: str, plans: dict[tuple[str, str], Plan]) -> None:
    for file in changed(plans[case, target], "requirements"):
        for old, new in zip(file.original.splitlines(), file.ported.splitlines(), strict=True):
            before, after = (line.decode().partition(" #")[0].partition(" --")[0].strip() for line in (old, new))
            try:
                name = Requirement(before).name
            except InvalidRequirement:
                continue
            assert Requirement(after).name == name
            assert Requirement(after).extras == Requirement(before).extras
            assert Requirement(after).marker == Requirement(before).marker


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_comments_newlines_and_all_that_is_no_edit_stay(
    case: str, target: str, plans: dict[tuple[str, str], Plan]
) -> None:
    """Taking the edits back gives the original: nothing else was touched. Line ends are the file's own."""
    for file in plans[case, target].changed:
        assert file.ported.endswith((b"\n", b"\r")) == file.original.endswith((b"\n", b"\r"))
        assert (b"\r\n" in file.ported) == (b"\r\n" in file.original)
        if b"\r\n" in file.original and file.original.count(b"\n") == file.original.count(b"\r\n"):
            assert file.ported.count(b"\n") == file.ported.count(b"\r\n")
        if file.kind in {"yaml", "toml", "ini", "shell", "makefile", "dockerfile", "requirements"}:
            notes = re.compile(rb"(?m)(?:^|[ \t])#[^\r\n]*")
            assert notes.findall(file.ported) == notes.findall(file.original)


def test_modes_are_kept(tmp_path: Path) -> None:
    home = FIXTURES / "artefacts" / "in"
    with open_checkout(str(home)) as checkout:
        write_sibling(make_plan(checkout, Choice("npu")), checkout, tmp_path / "port", {}, {})
    scripts = [path for path in home.rglob("*") if path.is_file()]
    assert scripts
    for path in scripts:
        port = tmp_path / "port" / path.relative_to(home)
        assert port.stat().st_mode == path.stat().st_mode


@pytest.mark.parametrize("target", names())
def test_a_second_port_of_the_artefacts_changes_nothing_at_all(
    target: str, plans: dict[tuple[str, str], Plan], tmp_path: Path
) -> None:
    for file in plans["artefacts", target].files:
        place = tmp_path / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.ported)
    with open_checkout(str(tmp_path)) as checkout:
        assert make_plan(checkout, Choice(target)).changed == []
