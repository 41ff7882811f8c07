"""docs/coverage.yaml: every item has an answer, every command prints what it says, every proof is there."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WHOLE = yaml.safe_load((ROOT / "docs" / "coverage.yaml").read_text(encoding="utf-8"))
ROWS: list[dict[str, Any]] = WHOLE["rows"]
ITEMS = {"S0": 26, "S1": 75, "S2": 20, "S3": 26, "S4": 29}  # of each guide
STATUS = ("done", "part", "hardware", "open", "context")


def test_every_item_of_every_guide_has_a_row() -> None:
    assert Counter(row["id"].partition("-")[0] for row in ROWS) == ITEMS
    assert [row["id"] for row in ROWS] == [
        f"{guide}-{n:02}" for guide, count in ITEMS.items() for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_no_row_is_silent(row: dict[str, Any]) -> None:
    assert row["status"] in STATUS and row["item"] and row["must"]
    shown = bool(row.get("proof") or row.get("run"))
    if row["status"] == "done":
        assert shown, "what is done has a proof"
    elif row["status"] in ("part", "hardware", "open"):
        assert row.get("why", "").endswith("."), "what is not done says why"
    assert bool(row.get("run")) == bool(row.get("holds"))


@pytest.mark.parametrize("proof", sorted({proof for row in ROWS for proof in row.get("proof", ())}))
def test_every_proof_is_there(proof: str) -> None:
    kind, _, name = proof.partition(":")
    if proof.startswith("tests/"):
        path, _, function = proof.partition("::")
        assert function.split("[")[0] in _functions(path)
    elif kind == "rule":
        assert name in _rules()
    elif kind == "recipe":
        assert (ROOT / "rules" / "recipes" / f"{name}.yaml").is_file()
    elif kind == "fact":
        file, _, entry = name.partition("/")
        assert re.search(rf"^- (?:{{)?id: {entry}$", _text(f"rules/facts/{file}.yaml"), re.MULTILINE)
    else:
        assert kind == "file" and (ROOT / name).is_file()


@pytest.mark.parametrize(
    ("folder", "run"),
    sorted({(row.get("in", ""), row["run"]) for row in ROWS if "run" in row}),
    ids=lambda value: str(value),
)
def test_every_command_prints_what_it_says(folder: str, run: str, tmp_path: Path) -> None:
    if folder in WHOLE["folders"]:
        (tmp_path / folder).mkdir()
        for name, text in WHOLE["folders"][folder].items():
            (tmp_path / folder / name).write_text(text, encoding="utf-8")
    elif folder:
        shutil.copytree(ROOT / "fixtures" / folder / "in", tmp_path / folder)
    said = porter(run, tmp_path)
    for row in (row for row in ROWS if row.get("run") == run and row.get("in", "") == folder):
        text = (tmp_path / row["shows"]).read_text(encoding="utf-8") if "shows" in row else said
        plain = " ".join(text.replace("\\\n", " ").split())
        assert [hold for hold in row["holds"] if " ".join(hold.split()) not in plain] == [], row["id"]


def porter(run: str, cwd: Path) -> str:
    words = shlex.split(run)
    assert words[0] == "porter"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    command = [sys.executable, "-m", "porter", *words[1:]]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout + done.stderr


@cache
def _functions(path: str) -> set[str]:
    tree = ast.parse(_text(path))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@cache
def _rules() -> set[str]:
    every = [*(ROOT / "rules").glob("*.yaml"), *(ROOT / "rules" / "upstream").rglob("*.yaml")]
    return {found for path in every for found in re.findall(r"id: ([A-Z]+\d+)", path.read_text(encoding="utf-8"))}


@cache
def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
