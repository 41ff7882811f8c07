"""Writes the port as a folder of its own: built beside its place, moved there whole, over nothing but an older port."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from porter import lock, weights
from porter.checkout.source import Checkout
from porter.checkout.walk import all_paths, walk
from porter.errors import UsageError
from porter.model import Plan
from porter.own import EVIDENCE, own_files, written_part
from porter.port.item import Item
from porter.port.journal import write_all
from porter.port.swap import lies_aside, only_run, put, recover, temporary_prefix
from porter.port.written import Written, check_names_free, check_unchanged, explained, shown

CHUNK = 1024 * 1024

# Running a port leaves these behind; nobody would miss them.
MACHINE_MADE = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def write_sibling(
    plan: Plan,
    checkout: Checkout,
    out: Path,
    extra: Mapping[str, bytes],
    options: Mapping[str, Any],
    force: bool = False,
) -> Written:
    """The whole port at `out`: all files of the checkout, the changed ones ported, `extra` and the lock at the root."""
    out = out.parent.resolve() / out.name
    check_place(checkout.root.resolve(), out)
    with held(out):
        touched = _touched(out)
        if touched and not force:
            raise UsageError(_refusal(out, touched))
        return replace_sibling(plan, checkout, out, extra, options, force=force, backup=touched)


def write_tree(out: Path, fill: Callable[[Path], None], force: bool) -> Path | None:
    """What `fill` puts into a folder, at `out`; gives the backup of what a person had changed there."""
    with held(out):
        touched = _touched(out)
        if touched and not force:
            raise UsageError(_refusal(out, touched))
        return _replace(out, fill, touched)


@contextmanager
def held(out: Path) -> Iterator[None]:
    """The place of a port for one run alone, after what a killed run left there is cleaned up."""
    with explained(out), only_run(out):
        recover(out)
        yield


def revive(out: Path) -> None:
    """Brings back a port that a killed run had moved aside."""
    if not out.exists() and lies_aside(out):
        with held(out.parent.resolve() / out.name):
            pass


def replace_sibling(
    plan: Plan,
    checkout: Checkout,
    out: Path,
    extra: Mapping[str, bytes],
    options: Mapping[str, Any],
    *,
    overlay: Mapping[str, Item | None] | None = None,
    force: bool = False,
    backup: list[str] | None = None,
) -> Written:
    """The port at `out`, which is held, in the place of what was there; what `backup` names is copied aside first.

    The `overlay` is a person's: its files stand in the port instead of porter's, and None is a file that is left out.
    The lock speaks of porter's all the same, so that a person's can be told from them again.
    """
    left_out: list[str] = []

    def fill(new: Path) -> None:
        check_unchanged(plan, checkout)
        check_names_free(checkout, {**extra, lock.LOCK_NAME: b""}, force)
        left_out.extend(build(plan, checkout, new, extra, options, overlay or {}))

    kept = _replace(out, fill, backup)
    return Written(out, backup=kept, left_out=tuple(left_out))


def _replace(out: Path, fill: Callable[[Path], None], backup: list[str] | None) -> Path | None:
    """A folder that `fill` fills beside `out`, in its place; what `backup` names is copied aside first."""
    new = Path(tempfile.mkdtemp(prefix=temporary_prefix(out), dir=out.parent))
    try:
        fill(new)
        kept = backed_up(out, backup) if backup else None
        put(new, out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return kept


def check_place(root: Path, out: Path) -> None:
    """Refuses a place that is within what is being ported, or around it."""
    if out == root or root in out.parents or out in root.parents:
        raise UsageError(f"the port cannot be written to {out}, for the checkout is {root}; name another --out.")
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder {out.parent} to write the port into; make it, or name another --out.")
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{out} is in the way and is not a folder; move it, or name another --out.")


def replace_in_folder(
    plan: Plan,
    checkout: Checkout,
    out: Path,
    extra: Mapping[str, bytes],
    options: Mapping[str, Any],
    overlay: Mapping[str, Item | None],
    backup: list[str],
) -> Written:
    """The same for a port that is a git work tree, or that somebody stands in: the folder itself stays."""
    check_unchanged(plan, checkout)
    with tempfile.TemporaryDirectory(prefix=temporary_prefix(out), dir=out.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        left_out = build(plan, checkout, new, extra, options, overlay)
        wanted, now = files_of(new), {path: item for path, item in files_of(out).items() if Path(path).name != ".git"}
        todo: dict[str, Item | None] = {path: item for path, item in wanted.items() if not item.is_as(now.get(path))}
        todo |= {path: None for path in now if path not in wanted}
        kept = backed_up(out, backup) if backup else None
        write_all(out, todo)
    return Written(out, backup=kept, left_out=left_out)


def files_of(out: Path) -> dict[str, Item]:
    """The files of a port as they are now, a git folder as one."""
    found = ((path, Item.at(out / path)) for path in _persons(out))
    return {path: item for path, item in found if item is not None}


def _touched(out: Path) -> list[str]:
    """What a person changed or added in an earlier port; a folder that porter did not make is refused."""
    if not out.exists() or not any(out.iterdir()):
        return []
    try:
        tree = lock.read(out / lock.LOCK_NAME).tree
    except UsageError as error:
        raise UsageError(f"{out} is in the way and porter did not make it; name another --out.") from error
    if not tree:  # the lock of a port in place: the folder is a person's own repo
        raise UsageError(f"{out} is in the way and is a repo that was ported in place; name another --out.")
    own = {lock.LOCK_NAME, *(EVIDENCE - tree.keys())}
    return [path for path in _persons(out) if path not in own and tree.get(path) != _digest(out / path)]


def _persons(out: Path) -> list[str]:
    """The files of an earlier port, a git folder as one."""
    found = [path for path in all_paths(out) if not path.endswith("/")]
    kept = [path for path in found if MACHINE_MADE.isdisjoint(PurePosixPath(path).parts)]
    folders = {str(PurePosixPath(path).parent) for path in found} | {"."}
    return sorted([*kept, *(path for path in (_git_in(folder) for folder in folders) if (out / path).exists())])


def _git_in(folder: str) -> str:
    return str(PurePosixPath(folder, ".git"))


def _digest(path: Path) -> str:
    if weights.behind(path) is not None:
        return weights.digest(path)
    if path.is_symlink():
        return _link_digest(os.fsencode(path.readlink()))
    return lock.digest(written_part(path)) if path.is_file() else ""


def _link_digest(target: bytes) -> str:
    return "link:" + lock.digest(target)


def _refusal(out: Path, touched: list[str]) -> str:
    names = ", ".join(shown(path) for path in touched[:5])
    more = f" and {len(touched) - 5} more" if len(touched) > 5 else ""
    return (
        f"{out} has files that were changed or added since porter made it ({names}{more}); "
        "name another --out, or replace them with --force, which keeps a backup."
    )


def backed_up(out: Path, touched: list[str]) -> Path:
    """A copy of what a person did, in a folder beside the port that is there whole or not at all."""
    number = 1
    while (backup := out.with_name(f"{out.name}.porter-backup-{number}")).exists():
        number += 1
    with tempfile.TemporaryDirectory(
        prefix=temporary_prefix(out), dir=out.parent, ignore_cleanup_errors=True
    ) as folder:
        kept = Path(folder) / "kept"
        for path in touched:
            (kept / path).parent.mkdir(parents=True, exist_ok=True)
            if (out / path).is_dir() and not (out / path).is_symlink():
                shutil.copytree(out / path, kept / path, symlinks=True)
            elif (out / path).is_file() or (out / path).is_symlink():
                shutil.copy2(out / path, kept / path, follow_symlinks=False)
        kept.rename(backup)
    return backup


def build(
    plan: Plan,
    checkout: Checkout,
    new: Path,
    extra: Mapping[str, bytes],
    options: Mapping[str, Any],
    overlay: Mapping[str, Item | None],
) -> tuple[str, ...]:
    """Fills the folder, the lock last, for it holds the digests of all others; gives what could not be copied."""
    ported = {file.path: file.ported for file in plan.changed}
    tree: dict[str, str] = {}
    left_out: list[str] = []
    made: set[Path] = set()
    for path in _paths(checkout):
        source, place = checkout.root / path, new / path
        mode = source.lstat().st_mode
        if path in overlay and not stat.S_ISDIR(mode):
            tree[path] = lock.digest(ported[path]) if path in ported else _digest(source)
            continue
        folder = place if stat.S_ISDIR(mode) else place.parent
        if folder not in made:
            folder.mkdir(parents=True, exist_ok=True)
            made.add(folder)
        if weights.behind(source) is not None:
            weights.share(source, place, lasting=not checkout.temporary or source.is_symlink())
            tree[path] = weights.digest(source)
        elif stat.S_ISLNK(mode):
            place.symlink_to(source.readlink())
            tree[path] = _digest(place)
        elif stat.S_ISREG(mode):
            tree[path] = _write(place, ported[path]) if path in ported else _copy(source, place)
            place.chmod(stat.S_IMODE(mode))
        elif not stat.S_ISDIR(mode):
            left_out.append(path)
    for path, item in overlay.items():
        if item is not None:
            item.write(new / path)
    for path, content in extra.items():
        tree[path] = _write_own(new / path, content)
    _write_own(new / lock.LOCK_NAME, lock.render(plan, options, tree, extra))
    new.chmod(stat.S_IMODE(checkout.root.stat().st_mode) | stat.S_IRWXU)  # mkdtemp makes it for its owner only
    return tuple(left_out)


def _paths(checkout: Checkout) -> list[str]:
    """All that is copied: a git repo as git sees it, a plain folder whole; no .git in either, nothing of porter's."""
    own = own_files(checkout.root)
    found = (entry.path for entry in walk(checkout.root)) if checkout.is_git else all_paths(checkout.root)
    return sorted(path for path in found if path not in own)


def _write_own(place: Path, content: bytes) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)  # a link of the checkout must not be written through
    return _write(place, content)


def _write(place: Path, content: bytes) -> str:
    with place.open("xb") as file:
        file.write(content)
    return lock.digest(content)


def _copy(source: Path, place: Path) -> str:
    import hashlib

    seen = hashlib.sha256()
    with source.open("rb", buffering=0) as reader, place.open("xb") as writer:  # most files are one chunk
        while chunk := reader.read(CHUNK):
            seen.update(chunk)
            writer.write(chunk)
    return seen.hexdigest()
