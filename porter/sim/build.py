"""Builds the C++ extension on first use and keeps it: one library per torch version, ABI and state of the sources.

`python -m porter.sim.build` does it ahead of time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import SimulationError, ending_in_a_sentence
from .torch_here import Torch, find_torch

SOURCES = Path(__file__).parent / "csrc"
VENDOR, CUDA = "portersim", "portersimcuda"  # the two libraries: the same sources on two of torch's device keys


def cache_folder() -> Path:
    """Where built libraries are kept: PORTERSIM_CACHE, else the user's cache folder."""
    told = os.environ.get("PORTERSIM_CACHE")
    if told:
        return Path(told)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "porter" / "sim"


def library(name: str = VENDOR) -> Path:
    """The built extension; it is compiled now if it is not there yet, which takes half a minute."""
    torch = find_torch()
    built = _place(name, torch)
    if built.is_file():
        return built
    built.parent.mkdir(parents=True, exist_ok=True)
    with _alone(built.with_suffix(".lock")):
        if not built.is_file():  # another process may have built it while this one waited
            _compile(name, torch, built)
    return built


def has_compiler() -> bool:
    """Whether the extension can be built here, or is built already."""
    return _compiler() is not None or _place(VENDOR, find_torch()).is_file()


def _place(name: str, torch: Torch) -> Path:
    return cache_folder() / _key(torch) / f"lib{name}.so"


def _key(torch: Torch) -> str:
    digest = hashlib.sha256(f"{torch.version} {torch.new_abi} {platform.machine()} {_standard(torch)}".encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.name.encode() + source.read_bytes())
    return f"torch{torch.version}-{digest.hexdigest()[:16]}"


def _standard(torch: Torch) -> str:
    return "c++20" if torch.release >= (2, 10) else "c++17"


def _compiler() -> str | None:
    told = os.environ.get("CXX")
    candidates = [told] if told else ["c++", "g++", "clang++"]
    return next((path for path in map(shutil.which, candidates) if path), None)


def _command(name: str, torch: Torch, compiler: str, out: Path) -> list[str]:
    include, lib = torch.folder / "include", torch.folder / "lib"
    defines = ["-DNDEBUG", f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.new_abi)}"]  # without NDEBUG torch's observers assert
    if (include / "torch/csrc/distributed/c10d/ProcessGroup.hpp").is_file():
        defines.append("-DPORTERSIM_DISTRIBUTED")
    if name == CUDA:
        defines.append("-DPORTERSIM_ON_CUDA")
    return [
        *(compiler, "-O2", "-g0", f"-std={_standard(torch)}", "-shared", "-fPIC", "-fvisibility=hidden", *defines),
        *("-isystem", str(include), "-isystem", str(include / "torch/csrc/api/include")),
        *(str(SOURCES / "portersim.cpp"), "-o", str(out)),
        *(f"-L{lib}", "-ltorch_cpu", "-ltorch", "-lc10", f"-Wl,-rpath,{lib}", "-pthread"),
    ]


def _compile(name: str, torch: Torch, built: Path) -> None:
    compiler = _compiler()
    if compiler is None:
        raise SimulationError(
            "no C++ compiler was found, so the simulated device cannot be built: install g++ or clang++, "
            "name one in CXX, or use the slower device without a compiler (--without-compiler)."
        )
    handle, unfinished = tempfile.mkstemp(dir=built.parent, suffix=".building")
    os.close(handle)
    try:
        command = _command(name, torch, compiler, Path(unfinished))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            log = built.with_suffix(".log")
            log.write_text(" ".join(command) + "\n" + done.stderr, encoding="utf-8")
            raise SimulationError(
                f"{compiler} could not build the simulated device for torch {torch.version}: "
                f"{_first_error(done.stderr)} (the whole output is in {log})."
            )
        Path(unfinished).replace(built)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _first_error(output: str) -> str:
    lines = output.strip().splitlines() or ["it printed nothing"]
    return next((line for line in lines if "error" in line), lines[-1])


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two builds at once would waste a minute, not harm: the second waits for the first."""
    try:
        import fcntl
    except ImportError:  # no advisory locks on this system; the rename stays atomic
        yield
        return
    with lock.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def libraries(target: str = "") -> list[str]:
    """The libraries that a target needs; all of them without one."""
    if not target:
        return [VENDOR, CUDA]
    from . import facts

    return [CUDA if facts.load(target).device == "cuda" else VENDOR]


def ahead(names: list[str]) -> Iterator[str]:
    """Builds ahead of time: a line for each library, with its place and the seconds that it took."""
    torch = find_torch()
    for name in names:
        there = _place(name, torch).is_file()
        started = time.monotonic()
        built = library(name)
        took = "built before" if there else f"built in {time.monotonic() - started:.0f} s"
        yield f"{built} (torch {torch.version}, {built.stat().st_size / 1e6:.1f} MB, {took})"


def main(names: list[str] | None = None) -> None:
    """What `python -m porter.sim.build` does, and `portersim.build` for another interpreter."""
    with ending_in_a_sentence():
        for line in ahead(names or sys.argv[1:] or libraries()):
            print(line, flush=True)


if __name__ == "__main__":
    main()
