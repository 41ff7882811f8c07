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


PUBLIC = catalog.names_of_cuda()  # the names that stand in torch.cuda itself


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)
def test_the_public_names_of_torch_cuda_are_all_answered(sheet: Sheet) -> None:
    assert len(PUBLIC) == 127
    whole = sheet.modules["torch.cuda"].rest == "same"
    assert whole or not set(PUBLIC) - {*sheet.modules, *sheet.names}


# More than in the vendor's package: OutOfMemoryError lies in torch itself on npu and xpu, amp does on xpu and hpu.
COUNTED = "npu@2.14.0=99 mlu=93 musa=76 xpu=68 hpu=66 rocm=127 dcu=127"


@pytest.mark.parametrize(("spec", "there"), [pair.split("=") for pair in COUNTED.split()])
def test_as_many_names_are_there_as_were_counted_in_the_vendors_package(spec: str, there: str) -> None:
    answers = [look(spec, name) for name in PUBLIC]
    assert sum(answer.status in ("same", "renamed") for answer in answers) == int(there)


# What look answers


@pytest.mark.parametrize("surface", SURFACES, ids=lambda each: f"{each.sheet.target}@{each.release.version}")
def test_every_listed_name_has_a_sound_answer(surface: Surface) -> None:
    entries = {**surface.sheet.modules, **surface.sheet.names}
    for dotted in LISTED:
        answer = surface.look(dotted)
        assert answer.name == dotted or surface.sheet.device == "cuda" or not answer.name.startswith("torch.cuda")
        assert bool(answer.name) or answer.status in ("missing", "unknown")
        if dotted in entries and entries[dotted].missing:
            assert answer.status == "missing"
        elif dotted in entries and surface.probed:
            assert answer.status != "unknown"
        if answer.status == "same":
            mirrored = [surface.sheet.device if p == "cuda" else p for p in dotted.split(".")]
            assert answer.name in (dotted, ".".join(mirrored))


SEGMENT = st.sampled_from(["cuda", "torch", "amp", "Stream", "nvtx", "_lazy_init", "CUDAGraph", "x", ""])
DOTTED = st.one_of(
    st.lists(SEGMENT, max_size=5).map(".".join),
    st.builds(lambda name, tail: f"{name}.{tail}", st.sampled_from(LISTED), SEGMENT),
    st.text(max_size=20),
)


@given(st.sampled_from(SURFACES), DOTTED)
def test_no_answer_is_a_name_of_cuda(surface: Surface, dotted: str) -> None:
    answer = surface.look(dotted)
    stays = surface.sheet.device == "cuda" or answer.name == dotted or surface.sheet.target == "cpu"
    assert stays or not f"{answer.name}.".startswith("torch.cuda.")
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
    counts = surface.coverage(PUBLIC)
    assert counts.pop("names") == len(PUBLIC) == sum(counts.values())
    assert counts["missing"] and counts["same"] and counts["renamed"] and not counts["unknown"]


# What a person types


TYPED = """
npu=2.12.0.post3 npu@2=2.12.0.post3 npu@2.14=2.14.0 npu@2.13=2.13.0
npu@2.6=2.6.0.post5 npu@2.6.0=2.6.0 npu@2.6.0.post3=2.6.0.post3 npu@1.11=1.11.0.post14
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
        ("nup", "Unknown target 'nup'. Did you mean npu? Targets: cpu, dcu, hpu, mlu, musa, npu, rocm, xpu."),
        ("NPU", "Unknown target 'NPU'. Did you mean npu? Targets: cpu, dcu, hpu, mlu, musa, npu, rocm, xpu."),
        ("banana", "Unknown target 'banana'. Targets: cpu, dcu, hpu, mlu, musa, npu, rocm, xpu."),
        ("../npu", "Unknown target '../npu'. Did you mean npu? Targets: cpu, dcu, hpu, mlu, musa, npu, rocm, xpu."),
        ("", "Unknown target ''. Targets: cpu, dcu, hpu, mlu, musa, npu, rocm, xpu."),
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
        pytest.param("torch.tpx.Stream", "torch.cuda.Event", 15, "still a name of CUDA", id="a name of CUDA"),
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


def test_a_version_that_is_not_out_is_never_the_default_and_says_so() -> None:
    assert catalog.resolve("npu")[1].release.status == "released"
    assert any("planned" in note for note in catalog.resolve("npu@2.14")[1].notes)


# Every name of the matrix, on every target


@pytest.mark.parametrize("target", catalog.names())
def test_every_name_of_cuda_is_renamed_kept_or_manual_and_never_one_that_is_not_there(target: str) -> None:
    from porter.packs.examples import planned_text

    _, surface = catalog.resolve(target)
    whole = planned_text(target, "import torch\n" + "".join(f"{name}\n" for name in LISTED))
    assert whole is not None
    lines = whole.original.decode().splitlines()
    told = {finding.line: finding for finding in whole.findings}
    for number, name in enumerate(lines[1:], 2):
        finding, answer = told.get(number), surface.look(name)
        if finding is None:  # nothing that a pack of this target speaks of
            assert not name.startswith("torch.cuda"), name
            continue
        if finding.edits and finding.rule == "DEV001":
            assert answer.status in ("same", "renamed"), name
            assert finding.after.strip() == answer.name
        if answer.status == "missing" and not finding.edits:
            assert finding.verdict.value == "manual" or not name.startswith("torch.cuda"), name


# A vendor's package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A wheel of a torch_npu that nobody has published."""
    import zipfile

    wheel = tmp_path / "torch_npu-9.0.0-py3-none-any.whl"
    files = {
        "torch_npu/__init__.py": "raise SystemExit('it was imported')\n",
        "torch_npu/npu/__init__.py": "from .streams import *\nfrom .memory import empty_cache as empty_cache\n",
        "torch_npu/npu/streams.py": "__all__ = ['Stream', 'Event']\nclass Stream: ...\nclass Event: ...\n",
        "torch_npu/npu/memory.py": "def empty_cache(): ...\ndef clock_rate(): ...\n",
        "torch_npu-9.0.0.dist-info/METADATA": "Name: torch-npu\nVersion: 9.0.0+cpu\n",
    }
    with zipfile.ZipFile(wheel, "w") as into:
        for name, text in files.items():
            into.writestr(name, text)
    return wheel


def test_a_surface_is_rebuilt_from_a_package_that_is_never_imported(package: Path) -> None:
    from porter.targets.rebuild import rebuilt

    report, diff, text = rebuilt("npu", package, "")
    assert "npu 9.0.0" in report and "torch.npu.set_device is not there, and the file says that it is" in report
    assert "+  torch.cuda.set_device: {as: torch.npu.set_device, until: 2.14.0}" in diff
    assert "torch.npu.empty_cache is not there" not in report  # imported under its own name
    assert "torch.npu.Stream is not there" not in report  # a star import with __all__
    assert "surface_to: 9.0.0" in text and "{version: 9.0.0, torch: 9.0.0, note: added from the package}" in text


def test_the_rebuilt_file_is_sound_and_agrees_with_its_package(package: Path, tmp_path: Path) -> None:
    from porter.targets.namespace import Reader
    from porter.targets.package import Package
    from porter.targets.rebuild import compare, rebuilt

    file = tmp_path / "npu.yaml"
    file.write_text(rebuilt("npu", package, "")[2], encoding="utf-8")
    assert compare(read(file), Reader(Package(package)), "9.0.0").differ == ()


@pytest.mark.parametrize(
    ("target", "name", "says"),
    [
        ("npu", "nowhere.whl", "there is no such wheel"),
        ("npu", "empty.whl", "neither a wheel nor a folder"),
        ("npu", ".", "does not hold the package torch_npu"),
        ("rocm", ".", "has no package of a vendor's"),
        ("npx", ".", "Did you mean npu"),
    ],
)
def test_what_is_no_package_gets_a_sentence(tmp_path: Path, target: str, name: str, says: str) -> None:
    from porter.targets.rebuild import rebuilt

    (tmp_path / "empty.whl").write_bytes(b"no zip")
    with pytest.raises(UsageError, match=says):
        rebuilt(target, tmp_path / name, "")
