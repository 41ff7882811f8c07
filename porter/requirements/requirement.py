"""A requirement: the package that is asked for, in which versions, and who needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from porter.packs.packages import normal
from porter.pins.relax import plain

_TEXT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*(?P<spec>[^;#@]*)"
)
_OPTIONS = re.compile(r"\s+--(?:hash|config-settings|global-option)")
_CONDA = re.compile(r"(?:[\w-]+::)?(?P<name>[A-Za-z0-9._-]+)\s*(?P<spec>[=<>!~][^\s]*)?")
# What conda calls otherwise than pip does, and what it has beside packages.
_CONDA_NAMES = {"pytorch": "torch"}
_CONDA_ALONE = frozenset({"pip", "pytorch-cuda", "cudatoolkit"})


class Role(str, Enum):
    """Who needs a requirement."""

    NEEDED = "needed"  # whoever installs the project
    EXTRA = "extra"  # an extra, a group, a build, a test
    PYTHON = "python"  # it speaks of the interpreter
    OTHER = "other"  # it stands where something else decides


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is asked for, as pip writes it. `name` is empty for what names no package, such as a URL."""

    text: str
    line: int
    role: Role
    name: str = ""
    specifier: str = ""


def without_options(text: str) -> str:
    """A line of pip's without its hashes and settings."""
    return _OPTIONS.split(text)[0].strip().rstrip("\\").strip()


def spoken(text: str, line: int = 1, role: Role = Role.NEEDED) -> Requirement:
    """A requirement as pip writes it."""
    text = without_options(text)
    found = _TEXT.match(text)
    if found is None or "://" in text or text.startswith(("-", ".", "/")):
        return Requirement(text, line, role)
    return Requirement(text, line, role, normal(found["name"]), found["spec"].strip().strip("()"))


def apart(name: str, version: str, line: int, role: Role) -> Requirement:
    """A requirement whose version stands apart from its name, with the signs that Poetry has for ranges."""
    role, specifier = Role.PYTHON if name == "python" else role, plain(version)
    return Requirement(f"{name}{specifier}", line, role, normal(name), specifier)


def of_conda(text: str, line: int, role: Role) -> Requirement | None:
    """A requirement as conda writes it: its `=1.2` means the line 1.2, and a build behind a second `=` is its own."""
    found = _CONDA.match(text)
    if found is None or found["name"] in _CONDA_ALONE:
        return None
    specifier = re.sub(r"^=(?!=)([\d.]+).*", r"==\1.*", found["spec"] or "")
    name = _CONDA_NAMES.get(found["name"], found["name"])
    role = Role.PYTHON if name == "python" else role
    return Requirement(f"{name}{specifier}", line, role, normal(name), specifier)
