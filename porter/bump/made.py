"""The port as porter made it: the checkout of that time with the lines that the lock kept, whatever the rules say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from porter.checkout.source import Checkout
from porter.checkout.walk import all_paths, walk
from porter.lock import LOCK_NAME, Lock
from porter.own import EVIDENCE, as_written, own_files
from porter.port.item import FILE, Item
from porter.spans import replay

# What porter writes beside the checkout's files, and what it writes about the port: made anew, never merged.
OWN = EVIDENCE | {LOCK_NAME, "report.md", "report.json", "bump.md"}


@dataclass(frozen=True)
class Made:
    """What was where when porter had made the port."""

    checkout: Checkout
    lock: Lock

    @cached_property
    def own(self) -> frozenset[str]:
        """What porter wrote beside the checkout's files."""
        return OWN | self.lock.own.keys()

    @cached_property
    def paths(self) -> frozenset[str]:
        """All files of the port, porter's own left out."""
        return frozenset(self.lock.tree or paths(self.checkout)) - self.own

    def digest(self, path: str) -> str:
        """The digest that the file had; empty where only the checkout could tell and has it no more."""
        if path in self.lock.tree:
            return self.lock.tree[path]
        if path in self.lock.files:
            return self.lock.files[path]
        item = self._original(path)
        return item.digest if item is not None else ""

    def item(self, path: str) -> Item | None:
        """The file itself; None where it cannot be had any more."""
        original = self._original(path)
        if original is None:
            return None
        if path in self.lock.spans and original.is_file:
            original = Item(original.mode, replay(original.read(), self.lock.spans[path]))
        return original if original.digest == self.digest(path) else None

    def strangers(self) -> list[str]:
        """Files of which the checkout does not give back what the lock says: it is not the one of that time."""
        return sorted(path for path in self.paths if self._original(path) is not None and self.item(path) is None)

    def _original(self, path: str) -> Item | None:
        return Item.at(self.checkout.root / path)


def paths(checkout: Checkout) -> list[str]:
    """The files of a checkout that a port has, as they are copied."""
    own = own_files(checkout.root)
    listed = [e.path for e in walk(checkout.root)] if checkout.is_git else list(all_paths(checkout.root))
    found = [path for path in listed if path not in own]
    return sorted(
        path
        for path in found
        if (not path.endswith("/") and not (checkout.root / path).is_dir()) or (checkout.root / path).is_symlink()
    )


def signed(root: Path, made: Made) -> list[str]:
    """Files of porter's into which a person wrote, such as a report with a signature."""
    known = {**made.lock.tree, **made.lock.own}
    there = [path for path in sorted(made.own & known.keys()) if Item.at(root / path) is not None]
    return [path for path in there if not as_written(root / path, known[path])]


def new_item(checkout: Checkout, ported: dict[str, bytes], path: str) -> Item | None:
    """A file of the new port."""
    item = Item.at(checkout.root / path)
    if item is None or path not in ported:
        return item
    return Item(item.mode or FILE, ported[path])
