"""Pins: what an installer is told about torch and its companions, and what it then does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from porter.model import Target
from porter.pins import admits, judge_pin, relax
from porter.pins.pairs import Pairs
from porter.targets.catalog import names, resolve


def target(torch: str) -> Target:
    return Target("npu", torch, torch, "Ascend")


def pinned(text: str, torch: str = "2.7.1") -> str:
    """The requirement after the changes."""
    pin = judge_pin(text, target(torch))
    for change in reversed(pin.changes if pin else ()):
        text = text[: change.start] + change.new + text[change.end :]
    return text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("torch==2.0.0", "torch==2.7.1"),
        ("torch == 2.0.1+cu118 ; python_version > '3'", "torch == 2.7.1 ; python_version > '3'"),
        ("torch===2.0.0", "torch==2.7.1"),
        ("torch~=2.0.0", "torch~=2.7.1"),
        ("torch[opt-einsum]>=2.8", "torch[opt-einsum]>=2.7"),
        ("torch>=1.10, <2.1", "torch>=1.10, <=2.7.1"),
        ("torch==2.0.*", "torch==2.7.*"),
        ("torch (>=1.5,<1.8)", "torch (>=1.5,<=2.7.1)"),
        ("Torch==2.0", "Torch==2.7.1"),
        ("torchvision==0.15.2", "torchvision==0.22.*"),
        ("torchaudio<2", "torchaudio<2.8"),
        ("torch>=2.0", "torch>=2.0"),
        ("torch", "torch"),
        ("torch @ https://example.org/torch-2.0.whl", "torch @ https://example.org/torch-2.0.whl"),
        ("pytorch=2.0=py3.9_cuda11.8", "pytorch=2.0=py3.9_cuda11.8"),
        ("torch!=2.7.1", "torch!=2.7.1"),
        ("numpy>=1.20", "numpy>=1.20"),
        ("transformers==4.30.2", "transformers==4.30.2"),
        ("torchtext==0.6", "torchtext==0.6"),
    ],
)
def test_only_the_clause_that_shuts_the_target_out_changes(before: str, after: str) -> None:
    assert pinned(before) == after
    assert pinned(after) == after


def test_numpy_is_held_under_a_torch_that_was_compiled_against_numpy_1() -> None:
    assert pinned("numpy", "2.1.0") == "numpy<2"
    assert pinned("numpy>=1.20", "2.1.0") == "numpy>=1.20,<2"
    assert pinned("numpy==1.26.4", "2.1.0") == "numpy==1.26.4"
    told = judge_pin("numpy==2.1", target("2.1.0"))
    assert told is not None and "NumPy 1" in told.trouble


def test_a_package_that_needs_a_newer_torch_is_told() -> None:
    told = judge_pin("transformers==4.53.0", target("1.9"))
    assert told is not None and "torch>=2.1" in told.trouble and not told.changes
    assert judge_pin("transformers==4.53.0", target("2.7.1")) is None


def test_every_target_has_a_row_of_companions_or_is_older_than_the_table() -> None:
    table = Pairs.shared()
    oldest = min(map(Version, table.torch))
    for name in names():
        torch = resolve(name)[0].torch
        assert table.beside(torch).torchvision or Version(torch) < oldest, (name, torch)


VERSIONS = st.builds("{}.{}.{}".format, st.integers(0, 3), st.integers(0, 20), st.integers(0, 3))
SIGNS = st.sampled_from(["==", ">=", "<=", "<", ">", "~=", "!="])
CLAUSES = st.builds("{}{}{}".format, SIGNS, st.sampled_from(["", " "]), VERSIONS)


@given(st.lists(CLAUSES, min_size=1, max_size=3), VERSIONS)
def test_a_relaxed_specifier_lets_the_version_in_and_keeps_the_other_clauses(clauses: list[str], version: str) -> None:
    text = ",".join(clauses)
    changes = relax(text, version)
    if changes is None:
        return
    after = text
    for change in reversed(changes):
        after = after[: change.start] + change.new + after[change.end :]
    assert SpecifierSet(after).contains(version, prereleases=True)
    kept = [clause for clause in clauses if SpecifierSet(clause).contains(version, prereleases=True)]
    assert all(clause in after for clause in kept)
    assert relax(after, version) == []


def test_what_nobody_can_read_is_left_alone() -> None:
    assert admits("==not.a.version", "2.0") is not False
    assert relax(">=1.0,@@", "2.0") in (None, [])


def test_pip_takes_the_ported_lines_and_keeps_an_installed_torch(tmp_path: Path) -> None:
    """pip's own resolver, offline: wheels of the target's versions lie in a folder, next to those of an index."""
    index = tmp_path / "index"
    index.mkdir()
    for name, version in [("torch", "2.7.1"), ("torch", "2.0.1"), ("torch", "2.9.0"), ("torchvision", "0.22.1")]:
        _wheel(index, name, version)
    lines = tmp_path / "requirements.txt"
    lines.write_text("\n".join(map(pinned, ["torch==2.0.1", "torchvision==0.15.2", "torch>=1.10,<2.1"])) + "\n")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-index", "--no-deps"]
    command += ["--disable-pip-version-check", "--find-links", str(index), "-r", str(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch-2.7.1" in done.stdout and "torchvision-0.22.1" in done.stdout
    assert all(Requirement(line) for line in lines.read_text().split())


def _wheel(folder: Path, name: str, version: str) -> None:
    import zipfile

    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
