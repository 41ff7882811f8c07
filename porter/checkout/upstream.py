"""Which project a checkout is: by its own packaging files, its version file, or its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from porter.packs.load import Upstream
from porter.packs.marks import marked
from porter.packs.pack import PackFile
from porter.requirements.files import of_root
from porter.requirements.requirement import Role, spoken

_NAME = re.compile(r"""^\s*name\s*=\s*["']([A-Za-z0-9._-]+)["']""", re.MULTILINE)
_VERSION = re.compile(r"""^\s*(?:__version__|version)\s*=\s*["']([0-9][A-Za-z0-9.+!-]*)["']""", re.MULTILINE)
_CALL_NAME = re.compile(r"""\bname\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def detect(root: Path, name: str, packs: Iterable[PackFile] = ()) -> Upstream:
    """The upstream project of the checkout at `root`, which is called `name`. Nothing is executed.

    What else it is, or has within, the marks of the `packs` tell.
    """
    project, known = _project(root, name), marked(root, packs)
    version = project.version or next(filter(None, known.values()), "")
    installed = [line for line in _metadata(root).get("requires-dist", ()) if "extra ==" not in line]
    requires = _required(root, installed)
    for each, own in known.items():
        requires = _itself(each, own) | requires
    return Upstream(project.name, version, requires | _itself(project.name, project.version), frozenset(known))


def _itself(name: str, version: str) -> dict[str, str]:
    """A project in its own version, which is the one that its files find when they import it."""
    with suppress(InvalidVersion):
        return {canonicalize_name(name): f"=={Version(version)}"}
    return {}


def _required(root: Path, installed: Sequence[str]) -> dict[str, str]:
    """The specifiers of each distribution that is needed, and of an `installed` one; of two about one both hold."""
    asked = [found for _, found in of_root(root, ("requirement*.txt", "requirements/*.txt"))]
    found: dict[str, list[str]] = {}
    for each in (*map(spoken, installed), *asked):
        if each.name and each.role is Role.NEEDED:
            with suppress(InvalidSpecifier):
                found.setdefault(canonicalize_name(each.name), []).append(str(SpecifierSet(each.specifier)))
    return {name: ",".join(filter(None, parts)) for name, parts in found.items()}


def _project(root: Path, name: str) -> Upstream:
    for file in ("pyproject.toml", "setup.cfg", "setup.py"):
        text = _read(root / file)
        if file == "setup.cfg":
            text = re.sub(r"^(\s*(?:name|version)\s*=\s*)([^\s\"']+)\s*$", r'\1"\2"', text, flags=re.MULTILINE)
        found = (_CALL_NAME if file == "setup.py" else _NAME).search(text)
        if found is not None:
            return Upstream(found[1], _version(text, root, found[1]))
    metadata = _metadata(root)
    if "name" in metadata:
        return Upstream(metadata["name"][0], next(iter(metadata.get("version", ())), ""))
    packages = sorted(root.glob("*/__init__.py"))
    if len(packages) == 1:  # an unpacked wheel
        text = _read(packages[0])
        version = _VERSION.search(text)
        if version is not None:
            return Upstream(packages[0].parent.name, version[1])
    return Upstream(name)


def _metadata(root: Path) -> dict[str, list[str]]:
    """What an installed package says of itself, where the checkout is just one."""
    files = sorted(root.glob("*.dist-info/METADATA"))
    found: dict[str, list[str]] = {}
    head = _read(files[0]).partition("\n\n")[0] if len(files) == 1 else ""
    for key, value in re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", head, re.MULTILINE):
        found.setdefault(key.lower(), []).append(value.strip())
    return found


def _version(text: str, root: Path, name: str) -> str:
    found = re.search(r"""\bversion\s*=\s*["']([0-9][A-Za-z0-9.+!-]*)["']""", text)
    if found is not None:
        return found[1]
    module = name.replace("-", "_")
    for path in (root / module / "__init__.py", root / "src" / module / "__init__.py"):
        inside = _VERSION.search(_read(path))
        if inside is not None:
            return inside[1]
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() and not path.is_symlink() else ""
    except OSError:
        return ""
