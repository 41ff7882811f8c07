"""What a person did to a port since porter made it: files edited, added, deleted and renamed."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from porter.bump.made import Made
from porter.port.item import Item

_ALIKE = 0.5  # of the lines of a file: as git has it, the same file under another name
_LONGEST = 400_000  # bytes above which likeness is not looked for


class Deed(str, Enum):
    """What was done to a file."""

    EDITED = "edited"
    ADDED = "added"
    DELETED = "deleted"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a person changed. `source` is the name that it had; `unknown` says that nobody knows its base."""

    deed: Deed
    path: str
    base: Item | None = None
    now: Item | None = None
    source: str = ""
    unknown: bool = False


def changes(made: Made, now: Mapping[str, Item]) -> list[Change]:
    """All that differs between the port as it was made and as it is, by path."""
    found: list[Change] = []
    deleted = {path: made.item(path) for path in made.paths - now.keys()}
    added = {path: item for path, item in now.items() if path not in made.paths}
    for path, item in now.items():
        if path in made.paths and _differs(made, path, item):
            base = made.item(path)
            found.append(Change(Deed.EDITED, path, base, item, unknown=base is None))
    names = dict(_renames(deleted, added))
    found += [Change(Deed.RENAMED, new, deleted[old], added[new], old) for old, new in names.items()]
    found += [Change(Deed.ADDED, path, None, item) for path, item in added.items() if path not in names.values()]
    found += [
        Change(Deed.DELETED, path, base, unknown=base is None) for path, base in deleted.items() if path not in names
    ]
    return sorted(found, key=lambda change: change.path)


def _differs(made: Made, path: str, item: Item) -> bool:
    if item.digest != made.digest(path):
        return True
    base = Item.at(made.checkout.root / path)
    return base is not None and base.is_file and item.is_file and base.runs != item.runs


def _renames(deleted: Mapping[str, Item | None], added: Mapping[str, Item]) -> Iterator[tuple[str, str]]:
    """Pairs of an old name and the new one, each file once; the same content first, then the likest."""
    free = {path: item for path, item in added.items() if item.is_file}
    for old, base in sorted(deleted.items()):
        if base is not None and base.is_file and free:
            new = likest(base.read(), free, old)
            if new:
                del free[new]
                yield old, new


def likest(content: bytes, candidates: Mapping[str, Item], name: str = "") -> str:
    """The candidate that is most like the content; empty where none is like it. An empty file is like no other."""
    if not content:
        return ""
    same = [path for path, item in sorted(candidates.items()) if _size(item) == len(content) and item.read() == content]
    if same:
        base = name.rpartition("/")[2]
        return next((path for path in same if path.rpartition("/")[2] == base), same[0])
    if b"\0" in content or len(content) > _LONGEST:
        return ""
    near = [
        path for path, item in candidates.items() if len(content) / 3 <= _size(item) <= min(3 * len(content), _LONGEST)
    ]
    scored = sorted((-_ratio(content, candidates[path].read()), path) for path in near)
    return scored[0][1] if scored and -scored[0][0] >= _ALIKE else ""


def _ratio(one: bytes, other: bytes) -> float:
    a, b = one.splitlines(), other.splitlines()
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0


def _size(item: Item) -> int:
    if item.data is not None:
        return len(item.data)
    return item.place.lstat().st_size if item.place is not None and stat.S_ISREG(item.mode) else -1
