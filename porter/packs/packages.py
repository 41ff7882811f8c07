"""Packages that are tied to CUDA, and what becomes of them on each target: the table `rules/facts/packages.yaml`."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml


class Package(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A package by its distributions and imports. A target that is not listed under `targets` takes `default`;
    a text of "keep" means that there is nothing to do."""

    name: str
    distributions: tuple[str, ...]  # names or globs such as nvidia-*
    imports: tuple[str, ...] = ()
    default: str = ""
    targets: dict[str, str] = {}

    def advice(self, target: str) -> str | None:
        """What a person does about the package on a target; None when it works as it is."""
        text = self.targets.get(target, self.default)
        return None if text in {"", "keep"} else text


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sources: dict[str, str]
    packages: tuple[Package, ...]


class Packages:
    """The table, by distribution and by import."""

    def __init__(self, packages: tuple[Package, ...]) -> None:
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
        return Packages(convert(read_yaml(path), _Table, path).packages)

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
