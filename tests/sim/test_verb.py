"""`porter sim build`: what it built, where, in which time; what is missing in one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT


def build(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "porter", "sim", "build", *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": path, **env}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture
def compiler(tmp_path: Path) -> dict[str, str]:
    """A compiler that writes a file at once, and a cache of its own."""
    quick = tmp_path / "c++"
    quick.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho built > "$2"\n', encoding="utf-8")
    quick.chmod(0o755)
    return {"CXX": str(quick), "PORTERSIM_CACHE": str(tmp_path / "cache")}


LINE = r"(/\S+/lib(\w+)\.so) \(torch \S+, [\d.]+ MB, (built in \d+ s|built before)\)"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["portersim", "portersimcuda"]),
        (["--target", "mlu"], ["portersim"]),
        (["--target", "npu@2.6.0"], ["portersim"]),
        (["--target", "rocm"], ["portersimcuda"]),
    ],
)
def test_what_is_built(compiler: dict[str, str], arguments: list[str], names: list[str]) -> None:
    for took in ("built in 0 s", "built before"):
        done = build(*arguments, **compiler)
        assert (done.returncode, done.stderr) == (0, "")
        told = [re.fullmatch(LINE, line) for line in done.stdout.splitlines()]
        assert [line and line[2] for line in told] == names
        for line in told:
            assert line is not None and line[3] == took
            assert Path(line[1]).read_text(encoding="utf-8") == "built\n"


def another_python(folder: Path) -> Path:
    """The same interpreter under another path, as the one of another environment is."""
    python = folder / "python-of-another"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return python


def test_for_another_python(compiler: dict[str, str], tmp_path: Path) -> None:
    done = build("--python", another_python(tmp_path), "--target", "npu", **compiler)
    assert done.returncode == 0, done.stderr
    told = re.fullmatch(LINE, done.stdout.strip())
    assert told is not None and told[2] == "portersim"
    again = build("--target", "npu", **compiler).stdout  # this interpreter finds what that one built
    assert again == done.stdout.replace(told[3], "built before")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--target", "tpu"], "'tpu' cannot be simulated: the simulated devices are cuda"),
        (["--python", "/no/python"], "/no/python cannot be started: No such file or directory."),
        (["--python", "/bin/false"], "torch is not installed for /bin/false: install torch 2.4 or newer there."),
    ],
)
def test_bad_input(arguments: list[str], sentence: str) -> None:
    done = build(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"porter: {sentence}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("other", [False, True])
def test_no_compiler(tmp_path: Path, other: bool) -> None:
    told = ["--python", another_python(tmp_path)] if other else []
    done = build(*told, CXX="no-such-compiler", PORTERSIM_CACHE=str(tmp_path / "empty"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("porter: no C++ compiler was found")
    assert not list((tmp_path / "empty").rglob("*.so"))
