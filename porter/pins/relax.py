"""Relaxing a requirement: only the clauses that shut a version out are rewritten, in the places where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

# One clause of a specifier: pip's operators, Poetry's `^` and `~`, and a version that stands alone.
_CLAUSE = re.compile(r"(?P<operator>===?|~=|!=|<=|>=|<|>|\^|~|)\s*(?P<version>v?\d[\w.+!*-]*)")


@dataclass(frozen=True, slots=True)
class Change:
    """Characters of a requirement and what they become."""

    start: int
    end: int
    new: str

    def moved(self, by: int) -> Change:
        """The same change in a text that begins further to the left."""
        return Change(self.start + by, self.end + by, self.new)


def admits(specifier: str, version: str) -> bool | None:
    """Whether a specifier lets a version in, `2.7.*` standing for any of its line; None when nobody can read it."""
    try:
        clauses = SpecifierSet(",".join(_plain(found) for found in _clauses(specifier)))
    except (InvalidSpecifier, InvalidVersion):
        return None
    line = [version.replace("*", str(patch)) for patch in range(10)] if version.endswith(".*") else [version]
    return any(clauses.contains(each, prereleases=True) for each in line)


def relax(specifier: str, version: str) -> list[Change] | None:
    """The changes after which a specifier lets a version in; none where it does already, None where nothing helps."""
    let_in = admits(specifier, version)
    if let_in is None:
        return None
    changes = [] if let_in else [_change(found, version) for found in _clauses(specifier)]
    made = [change for change in changes if change is not None]
    return made if admits(_applied(specifier, made), version) else None


def plain(specifier: str) -> str:
    """A specifier as pip writes it, Poetry's `^1.2`, `~1.2` and `1.2` spelled out; a choice of several stays.

    So does one whose version nobody can read.
    """
    try:
        return specifier if "|" in specifier else ",".join(_plain(found) for found in _clauses(specifier))
    except InvalidVersion:
        return specifier


def _clauses(specifier: str) -> list[re.Match[str]]:
    return list(_CLAUSE.finditer(specifier))


def _plain(clause: re.Match[str]) -> str:
    """A clause as pip writes it."""
    operator, version = clause["operator"], clause["version"]
    if operator in {"~", "^"}:
        numbers = [*Version(version).release, 0]
        first = next((i for i, number in enumerate(numbers) if number), 0)
        keep = {"~": min(len(numbers) - 1, 2), "^": first + 1}[operator]
        return f">={version},<{_next(numbers[:keep])}"
    return f"{operator or '=='}{version}"


def _next(numbers: list[int]) -> str:
    return ".".join(map(str, [*numbers[:-1], numbers[-1] + 1]))


def _change(clause: re.Match[str], version: str) -> Change | None:
    """A clause that shuts the version out, rewritten; None for one that does not."""
    if admits(clause[0], version) is not False or clause["operator"] == "!=":
        return None
    operator = clause["operator"]
    is_line, short = version.endswith(".*"), ".".join(version.removesuffix(".*").split(".")[:2])
    lowest = version.replace("*", "0")
    lowest += ".0" * (clause["version"].count(".") - lowest.count("."))  # `~=2.0.0` holds on to more than `~=2.0`
    if operator in {">", ">="}:
        new = f">={short}"
    elif operator in {"<", "<="}:
        new = f"<{_next([int(part) for part in short.split('.')])}" if is_line else f"<={version}"
    elif operator in {"~=", "~", "^"}:
        new = f"{operator}{lowest if operator == '~=' else short}"
    elif is_line or clause["version"].endswith(".*"):
        new = f"=={short}.*"
    else:
        new = f"{operator and '=='}{version}"
    gap = clause[0][len(operator) : len(clause[0]) - len(clause["version"])]
    written = _CLAUSE.fullmatch(new)
    if written is not None and written["operator"] == operator:
        new = operator + gap + written["version"]
    return Change(clause.start(), clause.end(), new)


def _applied(text: str, changes: list[Change]) -> str:
    for change in reversed(changes):
        text = text[: change.start] + change.new + text[change.end :]
    return text
