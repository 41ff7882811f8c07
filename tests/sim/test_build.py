"""Building and starting: what a person sees when something is missing is one sentence; nothing half-made is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from porter.sim import SimulationError, build, torch_here
from porter.sim.options import Options, parse_size
from porter.sim.run import split

from .conftest import ROOT, Run


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("porter.sim: ")]
    return line


@pytest.mark.parametrize(
    "target, options, said",
    [
        ("tpu", [], "'tpu' cannot be simulated: the simulated devices are cuda, dcu, mlu, musa, npu, rocm."),
        ("npu", ["--memory", "lots"], "'lots' is no size"),
        ("npu", ["--devices", "99"], "0 to 64, not 99"),
        ("npu@0.1", [], "Unknown version"),
    ],
)
def test_bad_usage(simulate: Run, target: str, options: list[str], said: str) -> None:
    assert said in sentence(simulate(target, "pass", *options))


def test_a_command_that_is_not_there(simulate: Run) -> None:
    assert "no-such-command cannot be started" in sentence(simulate("npu", ["no-such-command"]))
    assert "there is no command to run" in sentence(simulate("npu", []))


def test_the_exit_code_and_output_are_the_commands(simulate: Run) -> None:
    done = simulate("npu", "import sys; print(sys.argv[1:]); sys.exit(7)")
    assert (done.returncode, done.stdout) == (7, "[]\n")


def test_where_our_options_end() -> None:
    assert split(["--target", "npu", "a.py", "--memory", "1G"]) == (["--target", "npu"], ["a.py", "--memory", "1G"])
    assert split(["--log", "--target=npu", "-m", "x"]) == (["--log", "--target=npu"], ["-m", "x"])
    assert split(["--log", "--", "--odd"]) == (["--log"], ["--odd"])


def test_no_compiler(simulate: Run, tmp_path: Path) -> None:
    done = simulate("npu", "import torch", PORTERSIM_CACHE=str(tmp_path / "empty"), CXX="no-such-compiler")
    assert "no C++ compiler was found" in sentence(done)


def test_a_compiler_that_fails(simulate: Run, tmp_path: Path) -> None:
    bad = tmp_path / "c++"
    bad.write_text("#!/bin/sh\necho 'portersim.cpp:1: error: nothing works' >&2\nexit 1\n")
    bad.chmod(0o755)
    cache = tmp_path / "cache"
    said = sentence(simulate("npu", "import torch", PORTERSIM_CACHE=str(cache), CXX=str(bad)))
    assert "error: nothing works" in said
    assert not list(cache.rglob("*.so")) and not list(cache.rglob("*.building"))


def test_two_builds_at_once_compile_once(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    slow = tmp_path / "c++"
    slow.write_text(
        f'#!/bin/sh\necho call >> {calls}\nsleep 1\nwhile [ "$1" != -o ]; do shift; done\necho built > "$2"\n'
    )
    slow.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PORTERSIM_CACHE": str(tmp_path / "cache"), "CXX": str(slow)}
    code = "from porter.sim import build; print(build.library())"
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    first, second = (p.communicate()[0] for p in both)
    assert first == second
    assert calls.read_text() == "call\n"
    assert Path(first.strip()).read_text() == "built\n"


def test_the_library_depends_on_sources_and_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch = torch_here.find_torch()
    key = build._key(torch)
    newer = torch_here.Torch(torch.folder, "9.9.0", None, torch.new_abi)
    assert build._key(newer) != key
    changed = tmp_path / "csrc"
    changed.mkdir()
    (changed / "portersim.cpp").write_text("//")
    monkeypatch.setattr(build, "SOURCES", changed)
    assert build._key(torch) != key


def test_no_torch_and_too_old_a_torch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    torch_here.find_torch.cache_clear()
    with pytest.raises(SimulationError, match="torch is not installed"):
        torch_here.find_torch()
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").touch()
    (tmp_path / "torch" / "version.py").write_text("__version__ = '2.1.0'\ncuda = None\n")
    import importlib

    importlib.invalidate_caches()
    with pytest.raises(SimulationError, match=r"torch 2.1.0 is too old"):
        torch_here.find_torch()
    torch_here.find_torch.cache_clear()


def test_cuda_is_not_simulated_on_a_cuda_build(simulate: Run, tmp_path: Path) -> None:
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "version.py").write_text("__version__ = '2.13.0'\ncuda = '12.4'\n")
    done = simulate("cuda", "import torch")
    assert "is a CUDA build, on which CUDA cannot be simulated" in sentence(done)


def test_options_travel_through_the_environment() -> None:
    options = Options("npu", 3, "2G", "strict", "record", "bfloat16", "/repo", "/t.json", "/lines.json", True)
    assert Options.from_environment(variables=options.environment()) == options
    with pytest.raises(SimulationError, match="PORTERSIM_TARGET is not set"):
        Options.from_environment(variables={})


@pytest.mark.parametrize("text, size", [("12", 12), ("2k", 2048), ("1G", 2**30)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
