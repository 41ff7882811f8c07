"""The requirements that a checkout declares, each with its version, so that a later look can tell which ones moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from porter.checkout.text import decode
from porter.checkout.walk import Entry
from porter.errors import UndecodableError
from porter.model import Pin
from porter.requirements.files import read
from porter.requirements.requirement import Requirement

_MANIFESTS = frozenset({"setup.py", "setup.cfg", "pyproject.toml", "environment.yml", "environment.yaml"})


def declared(root: Path, entries: Iterable[Entry]) -> tuple[Pin, ...]:
    """Every requirement with its place, by name."""
    found: list[Pin] = []
    for entry in entries:
        if entry.scan and (entry.kind == "requirements" or entry.path.rpartition("/")[2] in _MANIFESTS):
            found += _of(root / entry.path, entry.path)
    return tuple(sorted(set(found), key=lambda pin: (pin.name, pin.where, pin.wanted)))


def _of(path: Path, shown: str) -> Iterator[Pin]:
    try:
        data = decode(path.read_bytes(), shown).data
    except (OSError, UndecodableError):
        return  # the plan says that the file cannot be read
    for asked in read(shown, data):
        pin = _pin(asked, shown) if isinstance(asked, Requirement) else None
        if pin is not None:
            yield pin


def _pin(asked: Requirement, shown: str) -> Pin | None:
    """A requirement that says which version; without one there is nothing that could move."""
    from packaging import requirements

    if not re.search(r"[=<>~!]=|[<>]| @ ", asked.text) or len(asked.text) > 200:
        return None
    try:
        requirement = requirements.Requirement(asked.text)
    except requirements.InvalidRequirement:
        return None
    wanted = f"@ {requirement.url}" if requirement.url else str(requirement.specifier)
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return Pin(requirement.name.lower().replace("_", "-"), wanted + marker, f"{shown}:{asked.line}")
