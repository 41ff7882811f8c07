"""Where the helper module goes in a repository, and how each of its files imports it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from porter.styles.helper import MARK
from porter.vocabulary import vocabulary

NAMES = ("accel", "accel_device", "porter_accel")
_IMPORTS = re.compile(
    rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([\w, \t]+)|import[ \t]+([\w., \t]+))", re.MULTILINE
)
# Folders that stand beside what is installed, even where they are packages.
_BESIDE = frozenset(
    {"tests", "test", "testing", "examples", "example", "benchmarks", "benchmark", "docs", "scripts", "tools"}
)
_PACKAGING = ("setup.py", "setup.cfg", "pyproject.toml")


@dataclass(frozen=True)
class Home:
    """The helper's name, its folder, and the folders from which the files of the repository import."""

    name: str
    folder: str  # "" is the root
    base: str  # the folder that has to be on sys.path
    bases: Mapping[str, str]  # by Python file

    @property
    def path(self) -> str:
        return str(PurePosixPath(self.folder) / f"{self.name}.py")

    @property
    def module(self) -> str:
        inside = PurePosixPath(self.folder).relative_to(self.base).parts
        return ".".join((*inside, self.name))

    def reaches(self, path: str) -> bool:
        """Whether a file finds the helper without help."""
        return self.bases.get(path, self.base) == self.base

    def statement(self, path: str) -> str:
        """How a file imports the helper."""
        package, _, name = self.module.rpartition(".")
        said = f"from {package} import {name}" if package else f"import {name}"
        if self.reaches(path):
            return said
        here = PurePosixPath(path).parent
        up = len(here.parts) - _shared(here, PurePosixPath(self.base))
        way = "os.path.dirname(" * (up + 1) + "os.path.abspath(__file__)" + ")" * (up + 1)
        below = PurePosixPath(self.base).parts[_shared(here, PurePosixPath(self.base)) :]
        place = f"os.path.join({way}, {', '.join(map(repr, below))})" if below else way
        return f"import os\nimport sys\nsys.path.append({place})  # {name}.py is there\n{said}"


def _shared(one: PurePosixPath, other: PurePosixPath) -> int:
    return sum(1 for _ in _while_equal(one.parts, other.parts))


def _while_equal(one: Iterable[str], other: Iterable[str]) -> Iterable[str]:
    for a, b in zip(one, other, strict=False):
        if a != b:
            return
        yield a


def find_home(files: Mapping[str, bytes], others: Iterable[str]) -> Home:
    """The home of the helper among the Python `files` of a repository that has `others`, too."""
    imported = {name for data in files.values() for name in _imported(data)}
    packages = {str(PurePosixPath(path).parent) for path in files if path.endswith("__init__.py")} - {"."}
    bases = {path: _base(path, packages, imported) for path in files}
    spelled = [path for path, data in files.items() if vocabulary().names_device(data) and not is_helper(data)]
    concerned = spelled or list(files)
    scripts = {path for path in concerned if _IMPORTS.search(files[path])}  # a script executes the others
    package = _installed(concerned, packages, others)
    base = _parent(package) if package else _common(bases[path] for path in scripts or concerned)
    # What is installed is found from everywhere, and a file that imports nothing is run by one that does.
    bases |= {path: base for path in (files if package else concerned) if path not in scripts or package}
    for path in sorted(files):
        if is_helper(files[path]):
            folder = _parent(path)
            return Home(PurePosixPath(path).stem, folder, base if folder.startswith(base) else folder, bases)
    return Home(_name(files, others), package or base, base, bases)


def _parent(path: str) -> str:
    folder = str(PurePosixPath(path).parent)
    return "" if folder == "." else folder


def _common(folders: Iterable[str]) -> str:
    """The folder in which all of them lie."""
    parts = [PurePosixPath(folder).parts for folder in folders]
    return "/".join(_while_equal(min(parts, default=()), max(parts, default=())))


def is_helper(data: bytes) -> bool:
    """Whether a file is the helper of an agnostic port."""
    return MARK in data[:400]


def _installed(concerned: list[str], packages: set[str], others: Iterable[str]) -> str:
    """The package with most of the files, where the repository is one that is installed."""
    if not any(name in others for name in _PACKAGING):
        return ""
    tops = Counter(top for path in concerned if (top := _top(_parent(path), packages)))
    if any(_BESIDE.isdisjoint(PurePosixPath(top).parts) for top in tops):
        tops = Counter({top: n for top, n in tops.items() if _BESIDE.isdisjoint(PurePosixPath(top).parts)})
    return min(tops, key=lambda each: (-tops[each], each), default="")


def _top(folder: str, packages: set[str]) -> str:
    """The outermost package around a folder that is one."""
    top = ""
    while folder in packages:
        top, folder = folder, _parent(folder)
    return top


def _name(files: Mapping[str, bytes], others: Iterable[str]) -> str:
    """A name that no file bears and no Python file spells."""
    taken = {PurePosixPath(part).stem for path in others for part in PurePosixPath(path).parts}
    free = (
        name
        for name in (*NAMES, *(f"{NAMES[-1]}{number}" for number in range(2, 100)))
        if name not in taken and not any(re.search(rb"\b%b\b" % name.encode(), data) for data in files.values())
    )
    return next(free)


def _imported(data: bytes) -> Iterable[str]:
    for found in _IMPORTS.finditer(data):
        if found[3] is not None:
            yield from (part.split()[0] for part in found[3].decode().split(",") if part.split())
        else:
            module = found[1].decode()
            yield module
            yield from (f"{module}.{part.split()[0]}" for part in found[2].decode().split(",") if part.split())


def _base(path: str, packages: set[str], imported: set[str]) -> str:
    """The folder that is on sys.path when a file is run or imported: by how others import it, else by its packages."""
    file = PurePosixPath(path)
    parts = (*file.parent.parts, *(() if file.name == "__init__.py" else (file.stem,)))
    for index in range(len(parts) - 1):
        if ".".join(parts[index:]) in imported:
            return "/".join(parts[:index])
    top = _top(_parent(path), packages)
    return _parent(top) if top else _parent(path)
