"""The torch of this interpreter, known without importing it: where it lies, its version, how it was built."""

from __future__ import annotations

import importlib.util
import re
import runpy
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import SimulationError

OLDEST = (2, 4)


@dataclass(frozen=True, slots=True)
class Torch:
    """What the simulator must know of an installed torch before it is imported."""

    folder: Path
    version: str
    cuda: str | None
    new_abi: bool

    @property
    def release(self) -> tuple[int, int]:
        major, minor = re.findall(r"\d+", self.version)[:2]
        return int(major), int(minor)


@lru_cache(maxsize=1)
def find_torch() -> Torch:
    """The installed torch, or a sentence that says what to install."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise SimulationError("torch is not installed here: install porter[verify], or torch 2.4 or newer.")
    folder = Path(spec.origin).parent
    facts = runpy.run_path(str(folder / "version.py"))
    found = Torch(folder, str(facts["__version__"]), facts.get("cuda"), _has_new_abi(folder))
    if found.release < OLDEST:
        raise SimulationError(f"torch {found.version} is too old to be simulated on: install torch 2.4 or newer.")
    return found


def version_for(python: str) -> str:
    """The version of the torch that another interpreter would import, without its build (2.13.0, not 2.13.0+cpu)."""
    if python == sys.executable:
        return find_torch().version.partition("+")[0]
    ask = "import importlib.metadata as m; print(m.version('torch'))"
    try:
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    except OSError as error:
        raise SimulationError(f"{python} cannot be started: {error.strerror}.") from None
    if done.returncode != 0:
        raise SimulationError(f"torch is not installed for {python}: install torch 2.4 or newer there.")
    return done.stdout.strip().partition("+")[0]


def _has_new_abi(folder: Path) -> bool:
    """Which std::string the wheel was built with: its CMake file says so without importing anything."""
    config = folder / "share" / "cmake" / "Torch" / "TorchConfig.cmake"
    text = config.read_text(encoding="utf-8") if config.is_file() else ""
    said = re.search(r"_GLIBCXX_USE_CXX11_ABI=(\d)", text)
    return said is None or said.group(1) == "1"
