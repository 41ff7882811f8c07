"""What can be chosen about the simulated device, and how it travels to child processes: in environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from .errors import SimulationError

PREFIX = "PORTERSIM_"
THREAD_RULES = ("inherit", "strict", "device0")  # in the order of ThreadRule in csrc/context.h
DTYPE_RULES = ("strict", "record")
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True, slots=True)
class Options:
    """One simulated machine. An empty `threads` means: as this vendor's current release does."""

    target: str
    devices: int = 1
    memory: str = "64G"
    threads: str = ""
    dtypes: str = "strict"
    lacks: str = ""  # dtypes that this chip lacks, with commas: "bfloat16" for an older card
    root: str = ""  # the repository; with it, lines of other files are never named
    trace: str = ""  # the JSON file to write when the process ends
    lines: str = ""  # a JSON file of the repository's lines that are to be told of when they run
    log: bool = False  # keep the ordered list of operators, too
    compiler: bool = True

    def __post_init__(self) -> None:
        _one_of("threads", self.threads, ("", *THREAD_RULES))
        _one_of("dtypes", self.dtypes, DTYPE_RULES)
        if not 0 <= self.devices <= 64:
            raise SimulationError(f"the number of simulated devices must be 0 to 64, not {self.devices}.")
        parse_size(self.memory)

    @property
    def capacity(self) -> int:
        """The memory of each device in bytes."""
        return parse_size(self.memory)

    @property
    def lacking(self) -> frozenset[str]:
        """The names in `lacks`."""
        return frozenset(filter(None, self.lacks.replace(" ", "").split(",")))

    def environment(self) -> dict[str, str]:
        """The variables that make a child process simulate the same machine."""
        return {PREFIX + f.name.upper(): str(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def from_environment(cls, target: str = "", variables: Mapping[str, str] | None = None) -> Options:
        """The options that a parent left in the environment; what it left out has its default."""
        env = os.environ if variables is None else variables
        told: dict[str, object] = {}
        for f in fields(cls):
            value = env.get(PREFIX + f.name.upper())
            if value is not None:
                told[f.name] = value == "True" if f.type == "bool" else _number(value) if f.type == "int" else value
        if target:
            told["target"] = target
        if not told.get("target"):
            raise SimulationError(f"{PREFIX}TARGET is not set: say which device is to be simulated.")
        return cls(**told)  # type: ignore[arg-type]

    def tracing_to(self, path: Path) -> Options:
        """The same machine, its trace written to `path`."""
        return replace(self, trace=str(path))


def parse_size(text: str) -> int:
    """Bytes from a number with an optional unit: 64G, 512M, 1048576."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if (unit and unit not in _UNITS) or not number.isdigit():
        raise SimulationError(f"{text!r} is no size: write bytes, or a number with K, M, G or T, such as 64G.")
    return int(number) * _UNITS.get(unit, 1)


def _number(text: str) -> int:
    if not text.isdigit():
        raise SimulationError(f"{text!r} is no number of devices.")
    return int(text)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        names = ", ".join(a for a in allowed if a)
        raise SimulationError(f"{value!r} is no rule for {name}: use one of {names}.")
