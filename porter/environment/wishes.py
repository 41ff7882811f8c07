"""What a repository says it needs: packages and a Python, from every file in which a root says so."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from porter.packs.packages import normal

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*(?P<spec>[^;#@]*)"
)
_NO_REQUIREMENT = ("-", ".", "/")


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
    found = Wishes()
    for name, read in _READERS.items():
        path = root / name
        if path.is_file() and not path.is_symlink():
            before = len(found.packages) + len(found.pythons)
            read(path, found)
            if len(found.packages) + len(found.pythons) > before:
                found.files.append(name)
    seen: set[tuple[str, str]] = set()
    every, found.packages = found.packages, []
    for wish in every:
        key = (wish.name, wish.specifier) if wish.name else ("", wish.text)
        if key not in seen:
            seen.add(key)
            found.packages.append(wish)
    return found


def wish(text: str, where: str) -> Wish:
    """A requirement as pip writes it."""
    text = re.split(r"\s+--(?:hash|config-settings|global-option)", text)[0].strip().rstrip("\\").strip()
    matched = _REQUIREMENT.match(text)
    if matched is None or "://" in text or text.startswith(_NO_REQUIREMENT):
        return Wish(text, where)
    return Wish(text, where, normal(matched["name"]), matched["spec"].strip().strip("()"))


def _requirements(path: Path, found: Wishes, root: Path | None = None) -> None:
    root = root or path.parent
    continued = False
    for number, line in enumerate(_text(path).splitlines(), 1):
        text = re.split(r"(?:^|\s)#", line)[0].strip()
        where = f"{path.relative_to(root)}:{number}"
        was, continued = continued, text.endswith("\\")
        if not text or was:
            continue
        other = re.match(r"(?:-r|--requirement)[ =]*(\S+)", text)
        if other:
            inner = (path.parent / other[1]).resolve()
            if inner.is_file() and inner.is_relative_to(root.resolve()) and inner != path.resolve():
                _requirements(root / inner.relative_to(root.resolve()), found, root)
        elif not text.startswith(("-c", "--")):
            found.packages.append(wish(text, where))


def _pyproject(path: Path, found: Wishes) -> None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        whole: Any = tomlkit.parse(_text(path)).unwrap()
    except TOMLKitError:
        return
    project = _table(whole, "project")
    if isinstance(project.get("requires-python"), str):
        found.pythons.append(Wish("python", path.name, "python", project["requires-python"]))
    for text in project.get("dependencies", ()) if isinstance(project.get("dependencies"), list) else ():
        found.packages.append(wish(str(text), path.name))
    poetry = _table(whole, "tool", "poetry", "dependencies")
    for name, told in poetry.items():
        version = told.get("version", "") if isinstance(told, dict) else told
        specifier = _poetry(str(version))
        into = found.pythons if name == "python" else found.packages
        into.append(Wish(f"{name}{specifier}", path.name, normal(name), specifier))


def _poetry(version: str) -> str:
    """Poetry's `^1.2` and `~1.2` as pip has them."""
    from packaging.version import InvalidVersion, Version

    parts = []
    for part in filter(None, (part.strip() for part in version.split(","))):
        caret = re.fullmatch(r"([\^~])\s*([\d.]+)", part)
        try:
            if caret:
                low = Version(caret[2]).release
                keep = 1 if caret[1] == "^" and low[0] else 2
                high = [*low, 0][:keep]
                high[-1] += 1
                part = f">={caret[2]},<{'.'.join(map(str, high))}"
            elif re.fullmatch(r"[\d.]+", part):
                part = f"=={part}"
        except InvalidVersion:
            continue
        parts.append("" if part == "*" else part)
    return ",".join(filter(None, parts))


def _conda(path: Path, found: Wishes) -> None:
    import yaml

    try:
        whole = yaml.safe_load(_text(path))
    except yaml.YAMLError:
        return
    listed = whole.get("dependencies") if isinstance(whole, dict) else None
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict):
            for text in item.get("pip") or ():
                if not str(text).startswith("-"):
                    found.packages.append(wish(str(text), path.name))
            continue
        named = re.match(r"(?:[\w-]+::)?(?P<name>[A-Za-z0-9._-]+)\s*(?P<spec>[=<>!~][^\s]*)?", str(item))
        if named is None or named["name"] in ("pip", "pytorch-cuda", "cudatoolkit"):
            continue
        # conda's `=1.2` means the line 1.2; a build behind a second `=` is of conda alone
        spec = re.sub(r"^=(?!=)([\d.]+).*", r"==\1.*", named["spec"] or "")
        name = {"pytorch": "torch"}.get(named["name"], named["name"])
        into = found.pythons if name == "python" else found.packages
        into.append(Wish(f"{name}{spec}", path.name, normal(name), spec))


def _setup_cfg(path: Path, found: Wishes) -> None:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return
    told = parser.get("options", "python_requires", fallback="")
    if told:
        found.pythons.append(Wish("python", path.name, "python", told))
    for line in parser.get("options", "install_requires", fallback="").splitlines():
        if line.strip():
            found.packages.append(wish(line, path.name))


def _setup(path: Path, found: Wishes) -> None:
    """What setup.py says in so many words; it is not run."""
    try:
        tree = ast.parse(_text(path))
    except (SyntaxError, ValueError):
        return
    for word in (word for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords):
        for text in _literals(word.value):
            if word.arg == "install_requires":
                found.packages.append(wish(text, f"{path.name}:{word.value.lineno}"))
            elif word.arg == "python_requires":
                found.pythons.append(Wish("python", f"{path.name}:{word.value.lineno}", "python", text))


def _literals(node: ast.expr) -> Iterator[str]:
    items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    yield from (item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))


def _python_version(path: Path, found: Wishes) -> None:
    told = re.match(r"\s*(3\.\d+)", _text(path))
    if told:
        found.pythons.append(Wish("python", path.name, "python", f"=={told[1]}.*"))


def _table(whole: Any, *names: str) -> dict[str, Any]:
    for name in names:
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole if isinstance(whole, dict) else {}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


_READERS: dict[str, Callable[[Path, Wishes], None]] = {
    "requirements.txt": _requirements,
    "pyproject.toml": _pyproject,
    "environment.yml": _conda,
    "environment.yaml": _conda,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup,
    ".python-version": _python_version,
}
