"""Writes the port into the checkout itself: all of it or, when anything fails midway, nothing of it."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porter import lock
from porter.checkout import git
from porter.checkout.source import Checkout
from porter.errors import UsageError
from porter.model import Plan
from porter.own import own_files
from porter.port.swap import only_run_in
from porter.port.written import Written, check_names_free, check_unchanged, explained, shown

STAGE = ".porter-in-place-"


def write_in_place(
    plan: Plan, checkout: Checkout, extra: Mapping[str, bytes], options: Mapping[str, Any], force: bool = False
) -> Written:
    """The port over the checkout's own files, with `extra` and the lock at its root."""
    if checkout.temporary:
        raise UsageError("a URL, a bare repo or a revision cannot be ported in place; use --out or --patch.")
    if not force:
        _check_clean(plan, checkout)
    own = {**extra, lock.LOCK_NAME: lock.render(plan, options, own=extra)}
    with explained(checkout.root), only_run_in(checkout.root):
        check_unchanged(plan, checkout)
        check_names_free(checkout, own, force)
        stale = own_files(checkout.root) - own.keys()
        _write_all(checkout.root, {**{file.path: file.ported for file in plan.changed}, **own})
        for path in stale:  # of an earlier port, as porter wrote them
            (checkout.root / path).unlink(missing_ok=True)
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


def _write_all(root: Path, contents: Mapping[str, bytes]) -> None:
    """Everything that takes room on the disk comes first, in a folder aside; then only renames are left."""
    before: dict[str, tuple[bytes, int] | None] = {}
    for left in root.glob(f"{STAGE}*"):  # of a run that was killed; this one holds the lock
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=STAGE, dir=root, ignore_cleanup_errors=True) as folder:
        staged = {path: Path(folder) / str(number) for number, path in enumerate(contents)}
        for path, place in staged.items():
            place.write_bytes(contents[path])
            before[path] = _content(root / path)
            kept = before[path]
            if kept is not None:
                place.chmod(kept[1])
        done: list[str] = []
        try:
            for path, place in staged.items():
                done.append(path)
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                place.replace(root / path)
        except BaseException:
            _restore(root, {path: before[path] for path in done}, Path(folder))
            raise


def _content(path: Path) -> tuple[bytes, int] | None:
    if path.is_symlink():
        raise UsageError(f"{path} is a link and porter would replace it; move it away first.")
    return (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) if path.exists() else None


def _restore(root: Path, before: Mapping[str, tuple[bytes, int] | None], folder: Path) -> None:
    lost = []
    for path, kept in before.items():
        try:
            if kept is None:
                (root / path).unlink(missing_ok=True)
            else:
                place = folder / "restored"
                place.write_bytes(kept[0])
                place.chmod(kept[1])
                place.replace(root / path)
        except OSError:
            lost.append(shown(path))
    if lost:
        raise UsageError(f"porter failed midway and could not bring back {', '.join(lost)}; run git restore on them.")
