"""Writes the port into the checkout itself: all of it or, when anything fails midway, nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porter import lock
from porter.checkout import git
from porter.checkout.source import Checkout
from porter.errors import UsageError
from porter.model import Plan
from porter.own import own_files
from porter.port.item import FILE, Item
from porter.port.journal import recover, write_all
from porter.port.swap import only_run_in
from porter.port.written import Written, check_names_free, check_unchanged, explained, shown


def write_in_place(
    plan: Plan, checkout: Checkout, extra: Mapping[str, bytes], options: Mapping[str, Any], force: bool = False
) -> Written:
    """The port over the checkout's own files, with `extra` and the lock at its root."""
    if checkout.temporary:
        raise UsageError(
            "a URL, a bare repo, a revision or the hub's cache cannot be ported in place; use --out or --patch."
        )
    if not force:
        _check_clean(plan, checkout)
    own = {**extra, lock.LOCK_NAME: lock.render(plan, options, own=extra)}
    with explained(checkout.root), only_run_in(checkout.root):
        settle(checkout.root)
        check_unchanged(plan, checkout)
        check_names_free(checkout, own, force)
        stale = own_files(checkout.root) - own.keys()  # of an earlier port, as porter wrote them
        contents = {**{file.path: file.ported for file in plan.changed}, **own}
        write_all(checkout.root, {**dict.fromkeys(stale), **_items(checkout.root, contents)})
    return Written(checkout.root)


def _check_clean(plan: Plan, checkout: Checkout) -> None:
    """What would be overwritten must be safe in a commit."""
    root = checkout.root
    if not checkout.is_git:
        raise UsageError(f"{root} is not a git work tree, so there would be no way back; use --out, or --force.")
    if checkout.origin.dirty:
        first = shown(checkout.origin.dirty[0])
        raise UsageError(f"{root} has changes that are not committed ({first}); commit them, or use --force.")
    tracked = set(git.run(root, "ls-files", "-z", "--recurse-submodules").split(b"\0"))
    for file in plan.changed:
        if file.path.encode("utf-8", "surrogateescape") not in tracked:
            raise UsageError(
                f"{shown(file.path)} is not in git, so there would be no way back; add it, or use --force."
            )


def settle(root: Path) -> None:
    """Refuses to go on where a run was killed midway, once everything is back as it was before that run."""
    if recover(root):
        raise UsageError(f"an earlier run was killed in {root}; everything is back as it was before it, so run again.")


def _items(root: Path, contents: Mapping[str, bytes]) -> dict[str, Item | None]:
    """The bytes with the modes that the files have."""
    return {path: Item(_mode(root / path), content) for path, content in contents.items()}


def _mode(path: Path) -> int:
    if path.is_symlink():
        raise UsageError(f"{path} is a link and porter would replace it; move it away first.")
    return path.stat().st_mode if path.exists() else FILE
