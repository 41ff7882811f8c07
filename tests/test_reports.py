"""The reports in reports/ are what porter makes of the fixtures today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "reports"


def test_reports_are_fresh() -> None:
    spec = importlib.util.spec_from_file_location("regenerate", FOLDER / "regenerate.py")
    assert spec is not None and spec.loader is not None
    regenerate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(regenerate)
    made = regenerate.produce()
    there = {path.name: path.read_bytes() for path in FOLDER.glob("*.*")}
    stale = [name for name, content in made.items() if there.get(name) != content]
    assert stale == [], "run: make reports"
    extra = {path.name for path in FOLDER.glob("*.*")} - made.keys() - {"regenerate.py", "README.md"}
    assert extra == set(), "these belong to no fixture"
