"""Places are known again when code moves, checks say what is new, and every format can be read by what reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_bump import port, put, upstream  # noqa: F401  (fixtures)
from test_cli import Result, here  # noqa: F401
from test_port import sh

from porter.checkout.source import open_checkout
from porter.drift.entry import TITLES, Drift, Entry, Kind, Level, ordered
from porter.drift.match import match
from porter.drift.site import Site, of_plan
from porter.plan import Choice, make_plan
from porter.report.drift import formats, render

CODE = "import torch\n\n\ndef f(x):\n    x = x.cuda()\n    return x.to('cuda')\n"


def sites(root: Path, **files: str) -> list[Site]:
    root.mkdir(parents=True, exist_ok=True)
    for path in root.glob("*.py"):
        path.unlink()
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    with open_checkout(str(root)) as checkout:
        return [site for site in of_plan(make_plan(checkout, Choice("npu"))) if not site.inserted]


# -- identity -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "after",
    [
        {"a": "# new\n\n" + CODE},
        {"a": CODE.replace("    ", "\t")},
        {"a": "if True:\n" + "".join(f"    {line}\n" if line else "\n" for line in CODE.splitlines())},
        {"b": CODE},
        {"b": "# new\n\n" + CODE.replace("    ", "  ")},
    ],
    ids=["lines above", "tabs", "deeper", "another file", "all at once"],
)
def test_a_place_that_moved_is_the_same_place(tmp_path: Path, after: dict[str, str]) -> None:
    old = sites(tmp_path / "a", a=CODE)
    new = sites(tmp_path / "a", **after)
    found = match(old, new)
    assert found.gone == found.new == () and len(found.pairs) == len(old) == 2
    assert all(pair.old.text == pair.new.text for pair in found.pairs)
    if "a" in after:
        assert {site.id for site in old} == {site.id for site in new}


def test_a_long_call_that_is_indented_keeps_its_id(tmp_path: Path) -> None:
    call = "x = torch.zeros(\n    3,\n    device='cuda',\n)\n"
    deeper = "".join(f"    {line}\n" for line in call.splitlines())
    old = sites(tmp_path / "a", a=f"import torch\n{call}")
    assert {s.id for s in old} == {s.id for s in sites(tmp_path / "a", a=f"import torch\nif 1:\n{deeper}")}


def test_of_two_renamed_files_each_keeps_its_places(tmp_path: Path) -> None:
    one, two = CODE, CODE + "\ntorch.cuda.empty_cache()\n"
    old = sites(tmp_path / "a", a=one, b=two)
    found = match(old, sites(tmp_path / "a", d=one, c=two))
    assert {(pair.old.file, pair.new.file) for pair in found.pairs} == {("a.py", "d.py"), ("b.py", "c.py")}


def test_a_new_place_beside_an_old_one_of_the_same_words_is_new(tmp_path: Path) -> None:
    old = sites(tmp_path / "a", a=CODE)
    found = match(old, sites(tmp_path / "a", a=CODE, b=CODE))
    assert [site.file for site in found.new] == ["b.py", "b.py"] and found.gone == ()


def test_other_words_are_told_apart_from_another_place(tmp_path: Path) -> None:
    found = match(sites(tmp_path / "a", a=CODE), sites(tmp_path / "a", a=CODE.replace("x = x.cuda()", "xs = x.cuda()")))
    assert [pair.reworded for pair in found.pairs] == [True, False] or [p.reworded for p in found.pairs] == [
        False,
        True,
    ]
    assert found.new == found.gone == ()


SITES = st.lists(
    st.builds(
        Site,
        st.sampled_from("ABC"),
        st.sampled_from(["a.py", "b.py"]),
        st.integers(1, 3),
        st.sampled_from(["R1", "R2"]),
        st.just("ported"),
        st.sampled_from(["x.cuda()", "y.cuda()", "import torch.cuda"]),
    ),
    max_size=6,
)


@given(old=SITES, new=SITES)
@example(
    old=[Site("A", "b.py", 1, "R2", "ported", "import torch.cuda")],
    new=[Site("B", "b.py", 2, "R2", "ported", f"{name}.cuda()") for name in "xy"],
)
def test_every_place_is_in_a_pair_or_gone_or_new(old: list[Site], new: list[Site]) -> None:
    found = match(old, new)
    assert sorted(map(repr, [*(pair.old for pair in found.pairs), *found.gone])) == sorted(map(repr, old))
    assert sorted(map(repr, [*(pair.new for pair in found.pairs), *found.new])) == sorted(map(repr, new))


# -- a port against its lock --------------------------------------------------------------------------------------


def test_a_port_as_it_was_made_is_0_and_nothing_is_written(port: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    before = sorted(port.parent.rglob("*"))
    assert here("check", port, "--no-cache").code == 0
    assert sorted(port.parent.rglob("*")) == before


def test_cuda_that_came_into_a_port_is_1(port: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    (port / "other.py").write_text((port / "other.py").read_text() + "z.cuda()\n")
    result = here("check", port, "--no-cache", "--format", "github")
    assert result.code == 1
    assert "::error file=other.py,line=6,col=3,title=New places%3A DEV002" in result.out


def test_a_newer_upstream_is_told(upstream: Path, port: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    put(
        upstream,
        {
            "train.py": "import torch\n\nx = torch.cuda.nvtx.mark('x')\n",
            "requirements.txt": "torch==2.0.1\n",
            "run.sh": "",
        },
    )
    sh(upstream, "add", "-A")
    sh(upstream, "commit", "-qm", "three")
    sh(upstream, "tag", "three")
    (port / "verify").mkdir()
    (port / "verify/evidence.json").write_text(
        json.dumps({"subject": {"commit": sh(upstream, "rev-parse", "one").decode().strip()}})
    )
    result = here("check", port, "--upstream", "three", "--no-cache", "--format", "json")
    told = json.loads(result.out)
    assert result.code == 1 and told["needs_a_person"]
    found = {(entry["kind"], entry["file"], entry["line"]) for entry in told["entries"]}
    assert {("pin", "requirements.txt", 1), ("evidence", "verify/evidence.json", 0), ("gone", "other.py", 4)} <= found
    assert any(kind in {"lacking", "new"} and file == "train.py" for kind, file, _ in found)


@pytest.mark.parametrize("words", [["--upstream", "nothing"], ["--format", "none"], ["--baseline", "none"]])
def test_bad_usage_is_2(port: Path, here: Callable[..., Result], words: list[str]) -> None:  # noqa: F811
    assert here("check", port, *words).code == 2


# -- formats ------------------------------------------------------------------------------------------------------

NASTY = [
    "|a`b*",
    "<script>",
    "</details>",
    "\n## x\n",
    "\0\x1b[31m",
    "\u202eevil",
    "]]>&amp;",
    "caf\udce9",
    "%0A::error::x",
]


def nasty(text: str) -> Drift:
    made = [
        Entry(kind, level, text, text, text, 3, 1, text, text, text, text, text) for kind in Kind for level in Level
    ]
    return Drift(text, text, text, text, ordered(made), (("manual", 1, 2),), (text,))


@pytest.mark.parametrize("text", NASTY)
def test_no_text_breaks_a_format(text: str) -> None:
    for form in formats():
        render(nasty(text), form).encode("utf-8")
    markdown = re.sub("`[^`]*`", "", render(nasty(text), "markdown"))
    assert "<script" not in markdown and markdown.count("<details>") == markdown.count("</details>")
    assert all(
        line.count("::error") + line.count("::warning") <= 2 for line in render(nasty(text), "github").splitlines()
    )
    suite = ElementTree.fromstring(render(nasty(text), "junit"))
    assert suite.get("tests") == str(len(Kind) * len(Level))
    assert len(suite.findall(".//failure")) == len(Kind) * 2 == int(suite.get("failures") or 0)
    assert len(json.loads(render(nasty(text), "json"))["entries"]) == len(Kind) * len(Level)


@pytest.mark.parametrize("text", NASTY)
def test_sarif_is_read_by_another_implementation(text: str) -> None:
    from sarif_pydantic import Sarif

    run = Sarif.model_validate_json(render(nasty(text), "sarif")).runs[0]
    assert len(run.results or []) == len(Kind) * len(Level)
    assert {rule.id for rule in run.tool.driver.rules or []} == {f"porter/{kind.value}" for kind in Kind}


def test_formats_do_not_depend_on_the_order_of_entries() -> None:
    made = [Entry(kind, Level.NOTE, kind.value, "", "a.py", line) for kind in Kind for line in (1, 2)]
    for form in formats():
        one = Drift("x", "npu", "", "", ordered(made))
        assert render(one, form) == render(Drift("x", "npu", "", "", ordered(made[::-1])), form)
    assert set(TITLES) == set(Kind)


def test_markdown_fits_a_comment() -> None:
    many = [
        Entry(Kind.NEW, Level.ERROR, "DEV001", "w" * 300, f"d/{'f' * 90}{n}.py", n, text="t" * 200) for n in range(5000)
    ]
    text = render(Drift("x", "npu", "", "", ordered(many)), "markdown")
    assert len(text) < 65_536 and "more; `porter check --format json`" in text


def test_nothing_new_is_said() -> None:
    for form in formats():
        assert render(Drift("x", "npu", "a", "b", ()), form).strip()
