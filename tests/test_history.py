"""The history of a port: a row for each tag of upstream, with counts that are those of a scan, and a chart."""

# ruff: noqa: F811  (fixtures)
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_bump import port, upstream  # noqa: F401  (fixtures)
from test_cli import Result, here  # noqa: F401
from test_port import sh

from porter.history.chart import draw
from porter.history.look import Point


def test_each_tag_has_the_counts_of_a_scan(
    upstream: Path, port: Path, tmp_path: Path, here: Callable[..., Result]
) -> None:
    svg = tmp_path / "chart.svg"
    result = here("history", port, "--format", "json", "--svg", svg, "-q")
    points = json.loads(result.out)["points"]
    assert (result.code, [point["tag"] for point in points]) == (0, ["one", "two"])
    assert [point["ported_from"] for point in points] == [True, False]
    for point in points:
        scan = json.loads(here("scan", f"{upstream}@{point['tag']}", "-t", "npu", "--format", "json").out)["summary"]
        assert {name: scan[name] for name in point["counts"]} == point["counts"]
        assert point["coverage"] == pytest.approx(1 - scan["manual"] / scan["found"])
    assert "two" in svg.read_text() and ElementTree.fromstring(svg.read_text()).tag.endswith("svg")


def test_tags_are_chosen_and_the_ports_own_commit_is_there(
    upstream: Path, port: Path, here: Callable[..., Result]
) -> None:
    commit = sh(upstream, "rev-parse", "one").decode()[:12]
    text = here("history", port, "--tags", "t*").out
    assert f"{commit} *" in text and "two" in text
    assert "one" not in here("history", port, "--last", "1").out.splitlines()[1]
    sh(upstream, "tag", "-d", "one", "two")
    assert f"{commit} *" in here("history", port, "--format", "markdown").out


def test_a_chart_of_anything_is_xml() -> None:
    counts = {"manual": 0, "review": 0, "ported": 0, "kept": 0}
    for tags in ([], ["<&\"'>"], ["v1\x1b", "\u202e"] * 20):
        ElementTree.fromstring(draw([Point(tag, "c", "2026-01-01", counts) for tag in tags], "]]></title>"))
