"""The form of a file in rules/targets, and its reader, which names file and line of what is wrong in one sentence."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from packaging.version import InvalidVersion, Version

from porter.errors import UsageError

MISSING = "missing"

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_BLOCKS = ("modules", "names")


@cache
def version(text: str) -> Version:
    """A version as the packaging rules order it; ValueError with a sentence when it is none."""
    try:
        return Version(text)
    except InvalidVersion:
        raise ValueError(f"{text!r} is not a version (write 2.6.0 or 2.1.0.post8)") from None


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version that a person can type after `@`, and what it comes with."""

    version: str
    torch: str
    python: str = ""
    released_with: dict[str, str] = {}
    note: str = ""
    status: Literal["released", "development", "planned"] = "released"  # as the vendor's own list has it

    def __post_init__(self) -> None:
        version(self.version)
        version(self.torch)

    @property
    def caution(self) -> str:
        """What a reader must know who ports to a version that is not out; empty for one that is."""
        said = {"development": "as in development", "planned": "as planned"}.get(self.status, "")
        return said and f"The vendor lists {self.version} {said}, not as released."


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"to": "as"}):
    """What a name of CUDA is called on the target, or `missing`; since when and until when.

    A name that is its own answer stays, since it does no harm on the target. `rest` belongs to a module: what holds for
    the names in it that the file does not list.
    """

    to: str
    since: str = ""
    until: str = ""
    note: str = ""
    rest: Literal["unknown", "same"] = "unknown"

    def __post_init__(self) -> None:
        if not _DOTTED.fullmatch(self.to):
            raise ValueError(f"{self.to!r} is not a dotted name")
        for bound in filter(None, (self.since, self.until)):
            version(bound)
        if self.missing and (self.since or self.until):
            raise ValueError("a missing name has no since and no until")

    @property
    def missing(self) -> bool:
        return self.to == MISSING


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of rules/targets. `surface_from`, `surface_to`: the first and last version whose names were looked at.

    `module` is empty where torch itself has the device. `facts` are short sentences by topic: data types, environment,
    mixed precision and the like.
    """

    target: str
    title: str
    device: str
    backend: str
    surface_from: str
    surface_to: str
    sources: dict[str, str]
    versions: list[Release]
    modules: dict[str, Name]
    names: dict[str, Name] = {}
    module: str = ""
    backend_module: str = ""  # has to be imported before the backend is known, where `module` does not do
    facts: dict[str, str] = {}
    namespace: str = ""  # the module of the vendor's package that becomes torch.<device>

    def __post_init__(self) -> None:
        version(self.surface_from)
        version(self.surface_to)
        if not self.versions:
            raise ValueError("a target needs at least one version")


def read(path: Path) -> Sheet:
    """The file, checked; UsageError with file and line when it is bad."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}, line {line}: {error.problem or 'this is not YAML'}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UsageError(f"{path}, line 1: this is not a YAML file in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        sheet = _convert(raw)
    except _Bad as bad:
        raise UsageError(f"{path}, line {_line(text, bad.where)}: {bad.what}.") from None
    if sheet.target != path.stem:
        line = _line(text, ["target"])
        raise UsageError(f"{path}, line {line}: the target is called {sheet.target!r} but its file {path.name!r}.")
    return sheet


class _Bad(Exception):
    """What is wrong, and the keys that lead to the place."""

    def __init__(self, what: str, where: list[str | int]) -> None:
        super().__init__(what)
        self.what, self.where = what, where


def _convert(raw: Any) -> Sheet:
    """The sheet. A short entry, `name: other`, is written out first."""
    for block in _BLOCKS:
        entries = raw.get(block) if isinstance(raw, dict) else None
        if isinstance(entries, dict):
            raw[block] = {key: {"as": entry} if isinstance(entry, str) else entry for key, entry in entries.items()}
    try:
        sheet = msgspec.convert(raw, Sheet)
    except msgspec.ValidationError as error:
        raise _explained(raw, error) from None
    for block in _BLOCKS:
        for dotted, entry in getattr(sheet, block).items():
            if not _DOTTED.fullmatch(dotted):
                raise _Bad(f"{dotted!r} is not a dotted name", [block, dotted])
            if sheet.device != "cuda" and entry.to != dotted and f"{entry.to}.".startswith("torch.cuda."):
                raise _Bad(f"{dotted}: {entry.to} is still a name of CUDA", [block, dotted])
    return sheet


def _explained(raw: Any, error: msgspec.ValidationError) -> _Bad:
    """msgspec names a path without the keys of a mapping (`$.names[...]`): find the entry that it means."""
    what, _, path = str(error).partition(" - at `")
    where: list[str | int] = []
    for field, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", path):
        if index == "...":
            return _explained_entry(raw, where, what)
        where.append(field or int(index))
    unknown = re.search(r"unknown field `(.+)`", what)
    if unknown:
        where.append(unknown.group(1))
    # A bare 2.1 is a number to YAML, and 2.10 would be the same as 2.1.
    return _Bad(f"{what} (write it in quotes)" if what.endswith("got `float`") else what, where)


def _explained_entry(raw: Any, where: list[str | int], what: str) -> _Bad:
    block: Any = raw
    for key in where:
        block = block[key]
    form: Any = Name if where[0] in _BLOCKS else str
    for key, value in block.items():
        try:
            msgspec.convert(key, str)
            msgspec.convert(value, form)
        except msgspec.ValidationError as error:
            return _Bad(f"{key}: {str(error).partition(' - at ')[0]}", [*where, key])
    return _Bad(what, where)


def _line(text: str, where: list[str | int]) -> int:
    """The line, from 1, to which the keys lead, or the nearest one above it."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for key in where:
        if isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line + 1
            continue
        found = [(name, value) for name, value in node.value if name.value == str(key)]
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


@cache
def _loader() -> Any:
    """PyYAML's loader, in C where there is one, that does not let a second entry overwrite the first in silence."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            mapping = super().construct_mapping(node, deep=deep)
            if len(mapping) != len(node.value):
                keys = [key.value for key, _ in node.value]
                twice = next(key for key, _ in reversed(node.value) if keys.count(key.value) > 1)
                raise yaml.MarkedYAMLError(problem=f"{twice.value!r} stands twice", problem_mark=twice.start_mark)
            return mapping

    return Loader
