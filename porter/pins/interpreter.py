"""The Python that a target's release is built for, and how a demand for another one is brought to it."""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

from porter.errors import UsageError
from porter.model import Target
from porter.pins.relax import Change, admits, relax

# `python=3.8`, as conda writes an exact line, and `python_version = "3.8"`, as Pipenv does.
_LINE = re.compile(r"(?P<sign>=?)(?P<version>\d+(?:\.\d+)*)(?:\.\*|\*)?(?:=\S*)?")


def interpreters(target: Target) -> list[str]:
    """The Pythons, oldest first, of a range such as `3.10 - 3.13`; none where nobody has said."""
    from porter.targets.catalog import release

    try:
        _, found = release(f"{target.name}@{target.version}")
    except UsageError:
        return []
    ends = re.findall(r"3\.(\d+)", found.python)
    return [f"3.{minor}" for minor in range(int(ends[0]), int(ends[-1]) + 1)] if ends else []


def held(specifier: str, at: int, known: list[str]) -> tuple[Change, ...] | None:
    """The changes after which one of the known Pythons is let in: the nearest. None where nobody can mend it."""
    line = _LINE.fullmatch(specifier)
    if line is not None:
        wanted = ".".join(line["version"].split(".")[:2])
        if wanted in known or "." not in wanted:
            return ()
        return (Change(at, at + len(specifier), f"{line['sign']}{_nearest(wanted, known)}"),)
    if any(admits(specifier, f"{each}.*") for each in known):
        return ()
    numbers = [found for found in re.findall(r"\d+\.\d+", specifier) if _is_version(found)]
    wanted = max(numbers, key=Version, default="")
    changes = relax(specifier, f"{_nearest(wanted, known)}.*") if wanted else None
    return None if changes is None else tuple(change.moved(at) for change in changes)


def _nearest(wanted: str, known: list[str]) -> str:
    return known[0] if Version(wanted) < Version(known[0]) else known[-1]


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
