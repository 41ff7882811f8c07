"""What a repository says it needs: packages and a Python, from every file in which a root says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from porter.requirements.files import of_root
from porter.requirements.requirement import Role


@dataclass(frozen=True)
class Wish:
    """One requirement as it is written, and where. `name` is empty for what names no package, such as a URL."""

    text: str
    where: str
    name: str = ""
    specifier: str = ""


@dataclass
class Wishes:
    """All that a repository asks for."""

    packages: list[Wish] = field(default_factory=list)
    pythons: list[Wish] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[Wish]:
        return [wish for wish in self.packages if wish.name == name]


def wishes(root: Path) -> Wishes:
    """What the files of the root say, each package once for each different wish."""
    found, seen = Wishes(), set[tuple[str, str]]()
    for path, asked in of_root(root):
        if asked.role not in {Role.NEEDED, Role.PYTHON}:
            continue
        if path not in found.files:
            found.files.append(path)
        key = (asked.name, asked.specifier) if asked.name else ("", asked.text)
        if asked.role is Role.PYTHON:
            found.pythons.append(Wish(asked.text, f"{path}:{asked.line}", "python", asked.specifier))
        elif key not in seen:
            seen.add(key)
            found.packages.append(Wish(asked.text, f"{path}:{asked.line}", asked.name, asked.specifier))
    return found
