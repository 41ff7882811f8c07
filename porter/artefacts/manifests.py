"""Manifests: the dependency lists inside pyproject.toml, setup.cfg, Pipfile, conda environments and recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from porter.artefacts.configs import scalars
from porter.artefacts.dependencies import requirement
from porter.artefacts.page import Page, Reading
from porter.checkout.walk import Entry
from porter.kinds.version import site_of
from porter.pins import judge_version
from porter.proposal import Proposal
from porter.requirements import tables

_CONDA = re.compile(r"(environment|conda|env|meta)[\w.-]*\.ya?ml|[\w.-]*(environment|conda)[\w.-]*\.ya?ml")


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
        cells = list(tables.cells(scalars(page.entry.kind, page.data)))
        held = {cell.key: site for cell in cells if cell.sort is tables.Sort.VERSION for site in _held(page, cell)}
        reading.sites += held.values()
        said = set(held)  # what the version says, its name need not say again
        for cell in cells:
            conda = page.entry.kind == "yaml" and cell.scalar.path[-1:] != ("pip",)
            if cell.sort is tables.Sort.REQUIREMENT:
                reading.sites += requirement(page, cell.scalar.text, cell.scalar.start, cell.scalar.end, conda=conda)
            elif cell.sort is tables.Sort.PACKAGE and cell.key not in said:
                said.add(cell.key)
                reading.sites += requirement(page, cell.name, cell.scalar.start, cell.scalar.end, conda=conda)
    return reading


def _held(page: Page, cell: tables.Cell) -> Iterator[Proposal]:
    """The version in a table of packages, `torch = "~2.0"` or `torch = {version = "~2.0"}`, where it is wrong."""
    scalar, target = cell.scalar, page.context.target
    if "|" in scalar.text:
        return  # Poetry's `||` gives a choice, of which only a person knows the reason
    at = page.data.find(scalar.text.encode(), scalar.start, scalar.end)
    pin = judge_version(cell.name, scalar.text, target) if at >= 0 else None
    site = site_of(page.pin_rule, pin, scalar.text, at, target) if pin and page.pin_rule else None
    if site is not None:
        yield site
