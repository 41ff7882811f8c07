"""Manifests: the dependency lists inside pyproject.toml, setup.cfg, Pipfile, conda environments and recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from porter.artefacts.configs import scalars
from porter.artefacts.dependencies import requirement
from porter.artefacts.page import Page, Reading
from porter.artefacts.scalars import Scalar
from porter.checkout.walk import Entry
from porter.kinds.version import site_of
from porter.pins import judge_version
from porter.proposal import Proposal

_CONDA = re.compile(r"(environment|conda|env|meta)[\w.-]*\.ya?ml|[\w.-]*(environment|conda)[\w.-]*\.ya?ml")
# Tables whose keys are packages, and lists whose items are.
_TABLES = re.compile(
    r"(tool\.poetry(\.group\.[^.]+)?\.(dev-)?dependencies|packages|dev-packages|"
    r"((tool\.)?pixi\.)?(feature\.[^.]+\.|target\.[^.]+\.)*(pypi-|host-|build-)?dependencies)"
)
_LISTS = re.compile(
    r"(tool\.poetry\.extras(\..*)?|tool\.hatch\.envs\..*dependencies|project\.(optional-)?dependencies(\..*)?|dependency-groups\..*|build-system\.requires|tool\.(uv|pdm)\..*dependencies.*|"
    r"options\.(install_requires|setup_requires|tests_require)|options\.extras_require\..*|tox.*\.deps|testenv.*\.deps|"
    r"dependencies(\.pip)?|requirements\.(build|host|run)|outputs\.requirements\.(build|host|run))"
)

_PYTHON = re.compile(r"(project|tool\.pdm)\.requires-python|options\.python_requires|requires\.python(_full)?_version")


def concerns(entry: Entry) -> bool:
    """Every TOML file may hold tables of requirements; those of Cargo name crates."""
    name = PurePosixPath(entry.path).name.lower()
    return (
        name in {"setup.cfg", "tox.ini"}
        or (entry.kind == "toml" and name != "cargo.toml")
        or _CONDA.fullmatch(name) is not None
    )


def wants(data: bytes) -> bool:
    """A pin of torch matters, though it names no accelerator."""
    return b"torch" in data or b"depend" in data or b"requires" in data


def read(page: Page) -> Reading:
    reading = Reading()
    if page.entry.kind in {"toml", "ini", "yaml"}:
        found = list(scalars(page.entry.kind, page.data))
        held = {name: site for scalar in found for name, site in _held(page, scalar)}
        reading.sites += held.values()
        listed = set(held)  # what the version says, its name need not say again
        for scalar in found:
            conda = page.entry.kind == "yaml" and scalar.path[-1:] != ("pip",)
            for text in _declared(scalar, listed):
                reading.sites += requirement(page, text, scalar.start, scalar.end, conda=conda)
    return reading


def _held(page: Page, scalar: Scalar) -> Iterator[tuple[tuple[str, ...], Proposal]]:
    """The version in a table of packages, `torch = "~2.0"` or `torch = {version = "~2.0"}`, where it is wrong."""
    if scalar.is_key or "|" in scalar.text:
        return  # Poetry's `||` gives a choice, of which only a person knows the reason
    if _PYTHON.fullmatch(".".join(scalar.path)):
        yield from _of(page, scalar, scalar.path, "python")
    name = scalar.path[:-1] if scalar.path[-1:] == ("version",) else scalar.path
    if len(name) > 1 and _TABLES.fullmatch(".".join(name[:-1])):
        yield from _of(page, scalar, name, name[-1])


def _of(page: Page, scalar: Scalar, name: tuple[str, ...], package: str) -> Iterator[tuple[tuple[str, ...], Proposal]]:
    target = page.context.target
    at = page.data.find(scalar.text.encode(), scalar.start, scalar.end)
    pin = judge_version(package, scalar.text, target) if at >= 0 else None
    site = site_of(page.pin_rule, pin, scalar.text, at, target) if pin and page.pin_rule else None
    if site is not None:
        yield name, site


def _declared(scalar: Scalar, listed: set[tuple[str, ...]]) -> Iterator[str]:
    """The requirement that a scalar writes, if it stands in a list or table of them."""
    if not scalar.is_key:
        if _LISTS.fullmatch(".".join(scalar.path)):
            yield scalar.text
    elif _TABLES.fullmatch(".".join(scalar.path)) and (*scalar.path, scalar.text) not in listed:
        listed.add((*scalar.path, scalar.text))
        yield scalar.text
    elif (
        _TABLES.fullmatch(".".join(scalar.path[:-1])) and scalar.path not in listed
    ):  # [tool.poetry.dependencies.torch]
        listed.add(scalar.path)
        yield scalar.path[-1]
