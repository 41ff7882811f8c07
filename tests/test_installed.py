"""Installed packages are ported to a folder beside, and nothing of theirs is run; weights are shared, not copied."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from porter import lock, weights
from porter.checkout.installed import Installed
from porter.checkout.source import open_checkout
from porter.errors import UsageError
from porter.plan import Choice, make_plan
from porter.port import write_sibling

MODULE = "import torch\ndef place(x):\n    return x.cuda()\n"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment by its files, with a package that must not be run."""
    site = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    files = {
        "thing/__init__.py": 'raise SystemExit("somebody imported it")\n__version__ = "1.2"\n',
        "thing/module.py": MODULE,
        "thing-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.2\n\n",
        "other.py": "x.cuda()\n",
    }
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    (tmp_path / "env" / "outside.py").write_text("x.cuda()\n")
    record = [
        "thing/__init__.py,,",
        "thing/module.py,,",
        "thing-1.2.dist-info/METADATA,,",
        "thing-1.2.dist-info/RECORD,,",
    ]
    record += ["../../../outside.py,,", f"{tmp_path}/env/outside.py,,"]
    (site / "thing-1.2.dist-info" / "RECORD").write_text("\n".join(record))
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "env" / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")  # and neither is the interpreter
    return tmp_path / "env"


def overlay(environment: Path, python: str, out: Path) -> Path:
    with open_checkout(Installed("thing", environment / python)) as checkout:
        plan = make_plan(checkout, Choice("npu"))
        return write_sibling(plan, checkout, out, {}, {}).path


@pytest.mark.parametrize("python", ["bin/python", ".", "lib/python3.11/site-packages"])
def test_an_installed_package_becomes_an_overlay(environment: Path, python: str, tmp_path: Path) -> None:
    site = environment / "lib/python3.11/site-packages"
    before = {path: path.read_bytes() for path in environment.rglob("*") if path.is_file()}
    out = overlay(environment, python, tmp_path / "out")
    assert {path: path.read_bytes() for path in environment.rglob("*") if path.is_file()} == before
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert names == {"thing/__init__.py", "thing/module.py", "thing-1.2.dist-info/METADATA", lock.LOCK_NAME}
    assert "x.npu()" in (out / "thing/module.py").read_text()
    assert not (out / "thing/__init__.py").samefile(site / "thing/__init__.py")
    # Python takes the overlay, and without PYTHONPATH the package itself.
    find = "import importlib.util; print(importlib.util.find_spec('thing').origin)"
    for path, wanted in {f"{out}{os.pathsep}{site}": out, str(site): site}.items():
        told = subprocess.run([sys.executable, "-c", find], env={"PYTHONPATH": path}, capture_output=True, check=True)
        assert Path(told.stdout.decode().strip()) == wanted / "thing/__init__.py"


def test_the_same_overlay_twice_has_the_same_bytes(environment: Path, tmp_path: Path) -> None:
    once = {
        path: path.read_bytes() for path in overlay(environment, ".", tmp_path / "out").rglob("*") if path.is_file()
    }
    twice = {
        path: path.read_bytes() for path in overlay(environment, ".", tmp_path / "out").rglob("*") if path.is_file()
    }
    assert once == twice


@pytest.mark.parametrize(
    ("name", "python", "said"),
    [("thinh", ".", "Did you mean thing"), ("thing", "nowhere", "there is no interpreter"), ("zzz", ".", "--python")],
)
def test_what_is_not_installed_is_one_sentence(environment: Path, name: str, python: str, said: str) -> None:
    with pytest.raises(UsageError, match=said), open_checkout(Installed(name, environment / python)):
        pass


def test_a_package_that_is_installed_from_its_sources_is_refused(environment: Path) -> None:
    record = environment / "lib/python3.11/site-packages/thing-1.2.dist-info/RECORD"
    record.write_text("__editable__.thing-1.2.pth,,\nthing-1.2.dist-info/METADATA,,\n")
    with pytest.raises(UsageError, match="pip install -e"), open_checkout(Installed("thing", environment)):
        pass


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    root = tmp_path / "checkpoint"
    root.mkdir()
    (root / "modeling_x.py").write_text(MODULE)
    with (root / "model.safetensors").open("wb") as file:
        file.write(b"begin")
        file.truncate(weights.LARGE)
    (root / "small.bin").write_bytes(b"small")
    return root


def test_weights_are_shared_and_said(checkpoint: Path, tmp_path: Path) -> None:
    with open_checkout(str(checkpoint)) as checkout:
        plan = make_plan(checkout, Choice("npu"))
        assert any("Large files of weights are not looked at: 1" in note for note in plan.notes)
        for _ in range(2):  # the second one finds the first as porter left it
            out = write_sibling(plan, checkout, tmp_path / "out", {}, {}).path
    shared, original = out / "model.safetensors", checkpoint / "model.safetensors"
    assert shared.stat().st_size == weights.LARGE
    assert shared.samefile(original) or weights._clone(original, tmp_path / "clone")
    assert not (out / "small.bin").samefile(checkpoint / "small.bin")
    tree = lock.read(out / lock.LOCK_NAME).tree
    assert tree["model.safetensors"].startswith(f"weights:{weights.LARGE}:") and len(tree["small.bin"]) == 64


def test_weights_that_changed_are_noticed(checkpoint: Path, tmp_path: Path) -> None:
    with open_checkout(str(checkpoint)) as checkout:
        plan = make_plan(checkout, Choice("npu"))
        out = write_sibling(plan, checkout, tmp_path / "out", {}, {}).path
        (out / "model.safetensors").unlink()
        with (out / "model.safetensors").open("wb") as file:
            file.write(b"other")
            file.truncate(weights.LARGE)
        with pytest.raises(UsageError, match=r"model\.safetensors"):
            write_sibling(plan, checkout, tmp_path / "out", {}, {})


@pytest.mark.parametrize(("lasting", "link"), [(True, True), (False, False)])
def test_where_the_disk_shares_nothing_weights_are_linked_or_copied(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: bool, link: bool
) -> None:
    def refused(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(weights, "_clone", lambda *_: False)
    place = tmp_path / "model.safetensors"
    weights.share(checkpoint / "model.safetensors", place, lasting=lasting)
    assert place.is_symlink() is link and place.stat().st_size == weights.LARGE
    assert weights.digest(place) == weights.digest(checkpoint / "model.safetensors")
