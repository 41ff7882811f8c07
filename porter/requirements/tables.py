"""Tables of requirements: what pyproject.toml, setup.cfg, Pipfile, conda's environments and recipes ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from porter.requirements.requirement import Role

if TYPE_CHECKING:
    from porter.artefacts.scalars import Scalar

# Tables whose keys are packages, and lists whose items are.
_TABLES = re.compile(
    r"(tool\.poetry(\.group\.[^.]+)?\.(dev-)?dependencies|packages|dev-packages|"
    r"((tool\.)?pixi\.)?(feature\.[^.]+\.|target\.[^.]+\.)*(pypi-|host-|build-)?dependencies)"
)
_LISTS = re.compile(
    r"(tool\.poetry\.extras(\..*)?|tool\.hatch\.envs\..*dependencies|project\.(optional-)?dependencies(\..*)?|"
    r"dependency-groups\..*|build-system\.requires|tool\.(uv|pdm)\..*dependencies.*|"
    r"options\.(install_requires|setup_requires|tests_require)|options\.extras_require\..*|tox.*\.deps|testenv.*\.deps|"
    r"dependencies(\.pip)?|requirements\.(build|host|run)|outputs\.requirements\.(build|host|run))"
)
_PYTHON = re.compile(r"(project|tool\.pdm)\.requires-python|options\.python_requires|requires\.python(_full)?_version")
# What whoever installs the project needs; the other lists and tables are for somebody else.
_NEEDED = re.compile(r"project\.dependencies|tool\.poetry\.dependencies|options\.install_requires|dependencies(\.pip)?")


class Sort(str, Enum):
    """What a scalar says."""

    REQUIREMENT = "requirement"  # all of one
    PACKAGE = "package"  # its name, as the key of a table
    VERSION = "version"  # its version, apart from its name


@dataclass(frozen=True, slots=True)
class Cell:
    """A scalar that says something of a requirement. `key` is what its package is known by in the file."""

    scalar: Scalar
    sort: Sort
    name: str
    key: tuple[str, ...]
    role: Role


def cells(scalars: Iterable[Scalar]) -> Iterator[Cell]:
    """The scalars that speak of requirements; a key of a package comes before its version."""
    for scalar in scalars:
        if scalar.is_key:
            yield from _package(scalar)
            continue
        path = ".".join(scalar.path)
        if _PYTHON.fullmatch(path):
            yield Cell(scalar, Sort.VERSION, "python", scalar.path, Role.PYTHON)
        key = scalar.path[:-1] if scalar.path[-1:] == ("version",) else scalar.path
        if len(key) > 1 and _TABLES.fullmatch(".".join(key[:-1])):
            yield Cell(scalar, Sort.VERSION, key[-1], key, _role(".".join(key[:-1])))
        if _LISTS.fullmatch(path):
            yield Cell(scalar, Sort.REQUIREMENT, "", scalar.path, _role(path))


def _package(scalar: Scalar) -> Iterator[Cell]:
    if _TABLES.fullmatch(".".join(scalar.path)):
        role = _role(".".join(scalar.path))
        yield Cell(scalar, Sort.PACKAGE, scalar.text, (*scalar.path, scalar.text), role)
    elif _TABLES.fullmatch(".".join(scalar.path[:-1])):  # [tool.poetry.dependencies.torch]
        yield Cell(scalar, Sort.PACKAGE, scalar.path[-1], scalar.path, _role(".".join(scalar.path[:-1])))


def _role(path: str) -> Role:
    return Role.NEEDED if _NEEDED.fullmatch(path) else Role.EXTRA
