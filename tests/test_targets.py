"""What exists on a target: every name answers, versions are found, and a bad file or spec gets one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from porter.data import folder
from porter.errors import UsageError
from porter.targets import catalog
from porter.targets.sheet import Sheet, read
from porter.targets.surface import Answer, Surface

FOLDER = folder("rules") / "targets"
SHEETS = {path.stem: read(path) for path in sorted(FOLDER.glob("*.yaml"))}
SURFACES = [Surface(sheet, release) for sheet in SHEETS.values() for release in sheet.versions]
LISTED = sorted({name for sheet in SHEETS.values() for name in [*sheet.modules, *sheet.names]})


def look(spec: str, dotted: str) -> Answer:
    return catalog.resolve(spec)[1].look(dotted)


def test_every_target_of_the_folder_is_named() -> None:
    assert catalog.names() == sorted(SHEETS)
    assert {"npu", "mlu"} <= set(SHEETS)


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_every_block_has_its_source(sheet: Sheet) -> None:
    assert {"versions", "modules", "names", "backend"} <= {block for block, source in sheet.sources.items() if source}


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_versions_stand_newest_first_and_once(sheet: Sheet) -> None:
    versions = [Version(release.version) for release in sheet.versions]
    assert versions == sorted(set(versions), reverse=True)


def public(sheet: Sheet) -> list[str]:
    """The names that stand in torch.cuda itself."""
    return [name for name in (*sheet.modules, *sheet.names) if name.startswith("torch.cuda.") and name.count(".") == 2]


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_the_public_names_of_torch_cuda_are_all_listed(sheet: Sheet) -> None:
    assert len(public(sheet)) == 127


@pytest.mark.parametrize(("spec", "there"), [("npu", 98 + 1), ("mlu", 93)])
def test_as_many_names_are_there_as_were_counted_in_the_vendors_package(spec: str, there: int) -> None:
    # One more on npu: OutOfMemoryError, which is not in torch.npu but in torch itself.
    answers = [look(spec, name) for name in public(SHEETS[spec])]
    assert sum(answer.status in ("same", "renamed") for answer in answers) == there


# What look answers


@pytest.mark.parametrize("surface", SURFACES, ids=lambda each: f"{each.sheet.target}@{each.release.version}")
def test_every_listed_name_has_a_sound_answer(surface: Surface) -> None:
    entries = {**surface.sheet.modules, **surface.sheet.names}
    for dotted in LISTED:
        answer = surface.look(dotted)
        assert not f"{answer.name}.".startswith("torch.cuda.")
        assert bool(answer.name) or answer.status in ("missing", "unknown")
        if dotted in entries and entries[dotted].missing:
            assert answer.status == "missing"
        elif dotted in entries and surface.probed:
            assert answer.status != "unknown"
        if answer.status == "same":
            assert answer.name.split(".") == [surface.sheet.device if p == "cuda" else p for p in dotted.split(".")]


SEGMENT = st.sampled_from(["cuda", "torch", "amp", "Stream", "nvtx", "_lazy_init", "CUDAGraph", "x", ""])
DOTTED = st.one_of(
    st.lists(SEGMENT, max_size=5).map(".".join),
    st.builds(lambda name, tail: f"{name}.{tail}", st.sampled_from(LISTED), SEGMENT),
    st.text(max_size=20),
)


@given(st.sampled_from(SURFACES), DOTTED)
def test_no_answer_is_a_name_of_cuda(surface: Surface, dotted: str) -> None:
    answer = surface.look(dotted)
    assert not f"{answer.name}.".startswith("torch.cuda.")
    assert answer.name == "" or answer.status != "missing"


# torch.cuda and what lies in it, members, modules of another name, what is not known, other names of torch.
CASES = """
npu torch.cuda                            same    torch.npu
npu torch.cuda.set_device                 same    torch.npu.set_device
npu torch.cuda.OutOfMemoryError           renamed torch.OutOfMemoryError
mlu torch.cuda.OutOfMemoryError           same    torch.mlu.OutOfMemoryError
mlu torch.cuda.amp.autocast               same    torch.mlu.amp.autocast
mlu torch.cuda.Stream.wait_event          same    torch.mlu.Stream.wait_event
npu torch.cuda.CUDAGraph.replay           renamed torch.npu.NPUGraph.replay
npu torch.cuda.CUDAGraph.instantiate      missing -
mlu torch.cuda.nvtx                       renamed torch.mlu.cnpx
npu torch.cuda.nvtx.mark                  renamed torch.npu.mstx.mark
npu torch.cuda.nccl                       missing -
npu torch.cuda.nccl.anything              missing -
npu torch.cuda.amp.anything               unknown -
mlu torch.cuda._lazy_init                 unknown -
mlu torch.cudax.Stream                    unknown -
mlu numpy.cuda                            unknown -
npu torch.distributed.is_nccl_available   renamed torch.distributed.is_hccl_available
mlu torch.backends.cuda.matmul.allow_tf32 same    torch.backends.mlu.matmul.allow_tf32
"""


@pytest.mark.parametrize(("spec", "dotted", "status", "name"), [line.split() for line in CASES.split("\n")[1:-1]])
def test_look(spec: str, dotted: str, status: str, name: str) -> None:
    answer = look(spec, dotted)
    assert (answer.status, answer.name or "-") == (status, name)


@pytest.mark.parametrize(
    ("spec", "dotted", "status"),
    [
        ("npu@2.4", "torch.cuda.CUDAGraph", "missing"),
        ("npu@2.5.1", "torch.cuda.CUDAGraph", "renamed"),
        ("npu@2.5.1.post1", "torch.cuda.CUDAGraph", "renamed"),
        ("npu@2.4", "torch.cuda.graphs.anything", "missing"),
        ("npu@2.4", "torch.cuda.CUDAGraph.replay", "missing"),
        ("npu@2.12", "torch.cuda.nvtx.range_push", "missing"),
        ("npu@2.13", "torch.cuda.nvtx.range_push", "renamed"),
        ("npu@2.4", "torch.cuda.OutOfMemoryError", "missing"),
        ("npu@2.5.1", "torch.cuda.OutOfMemoryError", "renamed"),
        ("mlu@2.4", "torch.cuda.FloatTensor", "missing"),
        ("mlu@2.5", "torch.cuda.FloatTensor", "same"),
        ("mlu@1.9", "torch.cuda.FloatTensor", "missing"),
    ],
)
def test_a_name_begins_at_its_since(spec: str, dotted: str, status: str) -> None:
    assert look(spec, dotted).status == status


def test_a_name_that_is_too_young_says_since_when() -> None:
    answer = look("npu@2.4.0", "torch.cuda.CUDAGraph")
    assert answer.note == "torch.npu.NPUGraph is there since 2.5.1, and this is npu 2.4.0"
    assert answer.since == "2.5.1"


def test_below_the_oldest_version_looked_at_a_name_is_likely_and_not_sure() -> None:
    answer = look("mlu@1.9", "torch.cuda.set_device")
    assert (answer.status, answer.name) == ("unknown", "torch.mlu.set_device")
    assert "2.1.0" in answer.note and "not looked at" in answer.note


@pytest.mark.parametrize(("spec", "word"), [("mlu@1.9", "2.1.0"), ("mlu@2.13", "2.4.0"), ("mlu@2.1", ""), ("npu", "")])
def test_a_version_that_was_not_looked_at_says_so(spec: str, word: str) -> None:
    caveat = catalog.resolve(spec)[1].caveat
    assert bool(caveat) == bool(word) and word in caveat


def test_coverage_counts_every_listed_name_once() -> None:
    surface = catalog.resolve("npu")[1]
    counts = surface.coverage()
    assert counts.pop("names") == len(surface.sheet.names) == sum(counts.values())
    assert counts["missing"] and counts["same"] and counts["renamed"] and not counts["unknown"]


# What a person types


TYPED = """
npu=2.14.0 npu@2=2.14.0 npu@2.6=2.6.0.post5 npu@2.6.0=2.6.0 npu@2.6.0.post3=2.6.0.post3 npu@1.11=1.11.0.post14
mlu=2.13.0 mlu@1=1.13.1 mlu@1.9=1.9 mlu@1.9.0=1.9 mlu@2.1=2.1.0 mlu@2.13=2.13.0
"""


@pytest.mark.parametrize(("spec", "version"), [pair.split("=") for pair in TYPED.split()])
def test_resolve(spec: str, version: str) -> None:
    target, surface = catalog.resolve(spec)
    assert (target.name, target.version, target.torch) == (spec[:3], version, Version(version).base_version)
    assert surface.release.version == version


@given(st.sampled_from(SURFACES))
def test_a_resolved_version_resolves_to_itself(surface: Surface) -> None:
    target, _ = catalog.resolve(f"{surface.sheet.target}@{surface.release.version}")
    assert target.version == surface.release.version


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("nup", "Unknown target 'nup'. Did you mean npu? Targets: mlu, npu."),
        ("NPU", "Unknown target 'NPU'. Did you mean npu? Targets: mlu, npu."),
        ("banana", "Unknown target 'banana'. Targets: mlu, npu."),
        ("../npu", "Unknown target '../npu'. Did you mean npu? Targets: mlu, npu."),
        ("", "Unknown target ''. Targets: mlu, npu."),
        ("npu@", "'npu@' has no version after the @: write npu for the newest, or such as npu@2.1."),
        ("mlu@2.2", "Unknown version '2.2' of mlu. The nearest: 2.1.0, 2.3.0; mlu is known from 1.9 to 2.13.0."),
        ("mlu@3", "Unknown version '3' of mlu. The nearest: 2.13.0; mlu is known from 1.9 to 2.13.0."),
        ("mlu@0.4", "Unknown version '0.4' of mlu. The nearest: 1.9; mlu is known from 1.9 to 2.13.0."),
        (
            "npu@2.6.0.post4",
            "Unknown version '2.6.0.post4' of npu. The nearest: 2.6.0.post3, 2.6.0.post5; "
            "npu is known from 1.5.0.post2 to 2.14.0.",
        ),
        (
            "mlu@new",
            "Unknown version of mlu: 'new' is not a version (write 2.6.0 or 2.1.0.post8); "
            "mlu is known from 1.9 to 2.13.0.",
        ),
    ],
)
def test_a_wrong_spec_gets_a_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        catalog.resolve(spec)
    assert str(error.value) == sentence


# A bad file

GOOD = """\
target: tpx
title: A Target
device: tpx
module: torch_tpx
backend: tccl
surface_from: "2.1"
surface_to: "2.4"
sources: {names: here}
versions:
  - {version: "2.1", torch: "2.1"}
  - {version: "2.4", torch: "2.4"}
modules:
  torch.cuda: torch.tpx
names:
  torch.cuda.Stream: torch.tpx.Stream
  torch.cuda.old: {as: torch.tpx.old, until: "2.1"}
"""


def write(at: Path, text: str) -> Path:
    path = at / "tpx.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        pytest.param("title: A Target\n", "", 1, "title", id="a field is missing"),
        pytest.param("title:", "titel: x\ntitle:", 2, "titel", id="a field is unknown"),
        pytest.param("target: tpx", "target: npu", 1, "tpx.yaml", id="the file is called otherwise"),
        pytest.param('surface_to: "2.4"', "surface_to: 2.4", 7, "quotes", id="a version is a number"),
        pytest.param('{version: "2.4", torch', '{version: "two", torch', 11, "'two' is not a version", id="no version"),
        pytest.param('"2.4", torch: "2.4"}', '"2.4", torsh: "2.4"}', 11, "torsh", id="a version has an unknown field"),
        pytest.param("{as: torch.tpx.old, until", "{as: torch.tpx.old, untill", 16, "untill", id="a name too"),
        pytest.param("torch.tpx.Stream", "torch tpx", 15, "not a dotted name", id="no dotted name"),
        pytest.param("  torch.cuda.Stream:", "  torch cuda:", 15, "not a dotted name", id="a key is no dotted name"),
        pytest.param("torch.tpx.Stream", "torch.cuda.Stream", 15, "still a name of CUDA", id="a name of CUDA"),
        pytest.param("as: torch.tpx.old", "as: missing", 16, "missing name has no since", id="missing until"),
        pytest.param("torch.cuda.old", "torch.cuda.Stream", 16, "stands twice", id="a name stands twice"),
        pytest.param("torch.tpx.Stream", "[1", 16, "", id="no YAML"),
    ],
)
def test_a_bad_file_names_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(UsageError) as error:
        read(path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path}, line {line}: ") and what in sentence
    assert "\n" not in sentence and sentence.endswith(".")


@pytest.mark.parametrize("content", [b"", b"- 1\n", b"\xff\xfe\x00", b"just text\n", b"a: \x07\n"])
def test_a_file_that_is_no_sheet_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tpx.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="line 1"):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "tpx.yaml")


def test_until_ends_a_name(tmp_path: Path) -> None:
    sheet = read(write(tmp_path, GOOD))
    at = {release.version: Surface(sheet, release) for release in sheet.versions}
    assert at["2.1"].look("torch.cuda.old").name == "torch.tpx.old"
    assert at["2.4"].look("torch.cuda.old").note == "torch.tpx.old is there until 2.1, and this is tpx 2.4"


def test_a_module_may_vouch_for_the_rest(tmp_path: Path) -> None:
    sheet = read(write(tmp_path, GOOD.replace("torch.cuda: torch.tpx", "torch.cuda: {as: torch.tpx, rest: same}")))
    assert Surface(sheet, sheet.versions[0]).look("torch.cuda.anything") == Answer("same", "torch.tpx.anything")
