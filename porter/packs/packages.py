"""Packages that are tied to CUDA, and what becomes of them on each target: the table `rules/facts/packages.yaml`."""

from __future__ import annotations

import re
from enum import Enum
from functools import cache

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml


class Outcome(str, Enum):
    """What becomes of a package on a target, in a word."""

    WORKS = "works"
    VENDOR = "vendor"
    REPLACE = "replace"
    GUARD = "guard"
    NONE = "none"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Outcome.WORKS: "works",
    Outcome.VENDOR: "works with a vendor build",
    Outcome.REPLACE: "replace",
    Outcome.GUARD: "guard",
    Outcome.NONE: "no way",
}


class Package(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A package by its distributions and imports. A target that is not listed under `targets` takes `default`;
    a text of "keep" means that there is nothing to do. `evidence` names sources, by target or for any."""

    name: str
    verdict: Outcome
    distributions: tuple[str, ...]  # names or globs such as nvidia-*
    imports: tuple[str, ...] = ()
    default: str = ""
    targets: dict[str, str] = {}
    verdicts: dict[str, Outcome] = {}
    evidence: dict[str, tuple[str, ...]] = {}
    switches: tuple[str, ...] = ()

    def advice(self, target: str) -> str | None:
        """What a person does about the package on a target; None when it works as it is."""
        text = self.targets.get(target, self.default)
        return None if text in {"", "keep"} else text

    def outcome(self, target: str) -> Outcome:
        return Outcome.WORKS if self.advice(target) is None else self.verdicts.get(target, self.verdict)

    def is_missing(self, target: str) -> bool:
        """Whether importing it is certain to fail on a target: no build of the vendor's brings the name."""
        return self.outcome(target) not in {Outcome.WORKS, Outcome.VENDOR}


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sources: dict[str, str]
    packages: tuple[Package, ...]


class Packages:
    """The table, by distribution and by import."""

    def __init__(self, packages: tuple[Package, ...], sources: dict[str, str]) -> None:
        self._sources = sources
        self._names = {package.name: package for package in packages}
        self._imports = {name: package for package in packages for name in package.imports}
        self._exact: dict[str, Package] = {}
        self._globs: list[tuple[re.Pattern[str], Package]] = []
        for package in packages:
            for name in package.distributions:
                if "*" in name:
                    self._globs.append((re.compile(re.escape(normal(name)).replace(r"\*", ".*")), package))
                else:
                    self._exact[normal(name)] = package

    @staticmethod
    @cache
    def shared() -> Packages:
        path = folder("rules") / "facts" / "packages.yaml"
        table = convert(read_yaml(path), _Table, path)
        return Packages(table.packages, table.sources)

    def named(self, name: str) -> Package | None:
        return self._names.get(name)

    def evidence(self, package: Package, target: str) -> tuple[str, ...]:
        """The sources that the verdict on a package rests on; none where it is what porter's authors know of it."""
        keys = (*package.evidence.get("any", ()), *package.evidence.get(target, ()))
        return tuple(self._sources[key] for key in keys)

    def imported(self, top: str) -> Package | None:
        return self._imports.get(top)

    def distributed(self, name: str) -> Package | None:
        wanted = normal(name)
        return self._exact.get(wanted) or next((p for regex, p in self._globs if regex.fullmatch(wanted)), None)

    def triggers(self) -> set[str]:
        return set(self._imports)


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
