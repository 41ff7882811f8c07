"""Imports of packages that are tied to CUDA, each with what the file does where its package is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from porter.packs.packages import Package, Packages
from porter.python.guards import Guard, Guards
from porter.python.imports import ImportSite, import_sites

if TYPE_CHECKING:
    from porter.python.scene import Scene


@dataclass(frozen=True, slots=True)
class Tied:
    """An import statement, its package, the last byte of the name that the package is known by, and its guard."""

    site: ImportSite
    package: Package
    end: int
    guard: Guard
    guards: Guards


def tied(scene: Scene) -> list[Tied]:
    """The imports of a file that a target lacks or replaces; one statement, one package."""
    source, target = scene.module.source, scene.target.name
    found: dict[str, list[tuple[ImportSite, Package, int]]] = {}
    for site in import_sites(scene.module):
        for alias in site.statement.names:
            top = site.qualified(alias)[0]
            package = None if scene.is_own(top) else Packages.shared().imported(top)
            if package is not None and package.advice(target) is not None:
                found.setdefault(package.name, []).append((site, package, source.end(alias)))
                break
    made: list[Tied] = []
    for sites in found.values():
        package = sites[0][1]
        switches = (*package.switches, *package.imports)
        guards = Guards(scene.module.tree, source, scene.uses, switches, _Mentions(scene))
        judged = guards.judge([site.statement for site, _, _ in sites], wraps=package.is_missing(target))
        made += [Tied(site, package, end, judged[site.statement], guards) for site, _, end in sites]
    return sorted(made, key=lambda each: source.start(each.site.statement))


class _Mentions:
    """Whether another Python file of the repo uses a name of this one."""

    def __init__(self, scene: Scene) -> None:
        self._path = scene.module.path
        path = PurePosixPath(self._path)
        self._stem = path.parent.name if path.name == "__init__.py" else path.stem
        self._library = scene.context.library

    def __call__(self, name: str) -> bool:
        """By the words: the file is spoken of, or the name is asked of something."""
        word, home = name.encode(), self._stem.encode()
        texts = (text for path, text in self._library.sources() if path != self._path)
        return any(word in text and home in text and _stands(word, text) and _stands(home, text) for text in texts)


def _stands(word: bytes, text: bytes) -> bool:
    return re.search(rb"\b%s\b" % re.escape(word), text) is not None
