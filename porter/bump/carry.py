"""Carries a person's changes into a new port: what each becomes, and where it cannot be brought together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from porter.bump.hand import Change, Deed, likest
from porter.bump.merge import Labels, merge
from porter.drift.entry import Entry, Kind, Level
from porter.port.item import Item

YOURS = "~yours"  # behind the name of a person's file whose place upstream needs for something else


@dataclass
class Carried:
    """What stands in the new port instead of what porter makes: None is a file that goes. `lost` is empty by design;
    `replaced` names the files of a person that are not carried byte for byte, so that they are worth a backup."""

    overlay: dict[str, Item | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class New:
    """The new port as porter makes it. `paths` are its files; `originals` are upstream's, for finding renames."""

    paths: frozenset[str]
    item: Callable[[str], Item | None]
    original: Callable[[str], Item | None]


def carry(
    changes: list[Change], old: Callable[[str], Item | None], old_paths: frozenset[str], new: New, labels: Labels
) -> Carried:
    """Every change of a person in the new port, as a file or as a conflict that is listed."""
    carried = Carried()
    moved = _moved(changes, old, old_paths, new)
    for change in changes:
        _carry(change, moved, new, labels, carried)
    _make_room(carried, new)
    return carried


def _carry(change: Change, moved: Mapping[str, str], new: New, labels: Labels, carried: Carried) -> None:
    source = change.source or change.path
    home = moved.get(source, source)  # where upstream has the file now
    theirs = new.item(home) if home in new.paths else None
    if change.deed is Deed.DELETED:
        _delete(change, home, theirs, carried)
        return
    assert change.now is not None
    # A person's own name for the file wins over upstream's.
    place = change.path if change.deed is Deed.RENAMED else home
    if change.deed is Deed.RENAMED and theirs is not None:
        carried.overlay[home] = None
    if change.deed is Deed.RENAMED and change.path in new.paths and home != change.path:
        clash = f"{change.path} is a file of upstream now, too."
        carried.entries.append(_conflict(change.path + YOURS, 0, f"{clash} Yours is {change.path}{YOURS}."))
        place = change.path + YOURS
    if theirs is None:
        _alone(change, place, carried)
        return
    merged = merge(change.base, change.now, theirs, labels)
    carried.overlay[place] = merged.item
    if not merged.item.is_as(change.now):
        carried.replaced.append(change.path)
    what = "added a file of this name, too" if change.deed is Deed.ADDED else "changed it, too"
    for line in merged.lines:
        said = (
            f"You {change.deed.value} {change.path}, and upstream (or what porter makes of it) {what}: both are there."
        )
        carried.entries.append(_conflict(place, line, said))
    if merged.stuck:
        said = f"You {change.deed.value} it, and upstream {what}; {merged.stuck}. Yours stays, upstream's is not there."
        carried.entries.append(_conflict(place, 0, said))
    elif change.unknown and not merged.item.is_as(theirs):
        said = "Nobody knows what porter had made of it, so your file and the new one were compared without it."
        carried.entries.append(_conflict(place, 0, said))
    if merged.clean:
        carried.entries.append(_hand(change, place))


def _alone(change: Change, place: str, carried: Carried) -> None:
    """A person's file that upstream does not have."""
    assert change.now is not None
    carried.overlay[place] = change.now
    if change.deed is Deed.ADDED:
        carried.entries.append(_hand(change, place))
        return
    if change.deed is Deed.RENAMED and change.base is not None and change.now.digest == change.base.digest:
        why = f"You renamed {change.source}, and upstream deleted it; yours stays."
    else:
        why = f"You {change.deed.value} it, and upstream deleted {change.source or change.path}; yours stays."
    carried.entries.append(_conflict(place, 0, why))


def _delete(change: Change, home: str, theirs: Item | None, carried: Carried) -> None:
    if theirs is None:
        return  # both deleted it
    if change.base is not None and theirs.is_as(change.base):
        carried.overlay[home] = None
        carried.entries.append(_hand(change, home))
        return
    why = "You deleted it, and upstream (or what porter makes of it) changed; the new one is there, delete it again."
    carried.entries.append(_conflict(home, 0, why))


def _moved(
    changes: list[Change], old: Callable[[str], Item | None], old_paths: frozenset[str], new: New
) -> dict[str, str]:
    """Where upstream has the files now that a person changed and that it has no more under their name."""
    gone = [c.source or c.path for c in changes if c.deed is not Deed.ADDED and (c.source or c.path) not in new.paths]
    if not gone:
        return {}
    fresh = {path: item for path in new.paths - old_paths for item in [new.original(path)] if item and item.is_file}
    found: dict[str, str] = {}
    for path in gone:
        item = old(path)
        name = likest(item.read(), fresh, path) if item is not None and item.is_file else ""
        if name:
            found[path] = name
            del fresh[name]
    return found


def _make_room(carried: Carried, new: New) -> None:
    """A file of a person where upstream has a folder now, or the other way round, gets another name."""
    staying = {path for path in new.paths if carried.overlay.get(path, path) is not None}
    folders = {str(parent) for path in staying for parent in PurePosixPath(path).parents}
    for path, item in sorted(carried.overlay.items()):
        if item is None:
            continue
        block = next((str(p) for p in _parents(path) if str(p) in staying), "")
        other = f"{block}{YOURS}{path[len(block) :]}" if block else f"{path}{YOURS}" if path in folders else ""
        if other:
            del carried.overlay[path]
            carried.overlay[other] = item
            carried.entries.append(_conflict(other, 0, f"Upstream needs the name {block or path} now; yours is here."))


def _parents(path: str) -> Iterator[PurePosixPath]:
    return (parent for parent in PurePosixPath(path).parents if str(parent) != ".")


def _conflict(path: str, line: int, why: str) -> Entry:
    return Entry(Kind.CONFLICT, Level.ERROR, "conflict", why, path, line)


def _hand(change: Change, place: str) -> Entry:
    was = f" It was {change.source}." if change.source else f" It was {change.path}." if place != change.path else ""
    return Entry(Kind.HAND, Level.NOTE, change.deed.value, f"You {change.deed.value} it.{was}", place)
