"""What is examined: a machine with its interpreter, for a target, and a port if one is named."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from porter.doctor.machine import Machine
from porter.errors import UsageError
from porter.targets.sheet import Release

# Asked of the interpreter in which the port will run. It imports nothing that is installed there.
_ASK = """
import importlib.metadata, json, platform, sys, sysconfig
names = {}
for found in importlib.metadata.distributions():
    if found.metadata["Name"]:
        names.setdefault(found.metadata["Name"].lower().replace("_", "-").replace(".", "-"), found.version)
told = {"python": platform.python_version(), "machine": platform.machine(), "packages": names}
print(json.dumps({**told, "platlib": sysconfig.get_paths()["platlib"]}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python and what is installed in it."""

    python: str
    machine: str
    packages: Mapping[str, str]
    platlib: str

    @property
    def cuda_build(self) -> str:
        """The CUDA that the installed torch was built for, "" for none: read, not imported."""
        try:
            text = (Path(self.platlib) / "torch" / "version.py").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""
        found = re.search(r"^cuda[^=\n]*=\s*['\"]([^'\"]+)", text, re.MULTILINE)
        return found[1] if found else ""


@dataclass(frozen=True)
class Patient:
    """All that a check may look at. `root` is the file system's, so that a test can bring one of its own."""

    target: str
    release: Release
    machine: Machine
    variables: Mapping[str, str]
    python: str
    port: Path | None = None
    root: Path = field(default_factory=lambda: Path("/"))

    @cached_property
    def interpreter(self) -> Interpreter:
        try:
            run = subprocess.run(
                [self.python, "-I", "-c", _ASK], capture_output=True, text=True, timeout=60, check=True
            )
            return Interpreter(**json.loads(run.stdout))
        except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
            raise UsageError(f"{self.python} is not a Python that can be asked ({type(error).__name__}).") from error

    def files(self, pattern: str) -> list[Path]:
        """The files that an absolute pattern names."""
        return sorted(self.root.glob(pattern.lstrip("/")))
