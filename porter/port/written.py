"""What the writers share: their result, the guards before a write and the one sentence for a failing disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porter.checkout.source import Checkout
from porter.errors import UsageError
from porter.lock import LOCK_NAME, read
from porter.model import Plan
from porter.own import is_own_helper

MENDS = {
    errno.ENOSPC: "free some space, or write elsewhere with --out",
    errno.EDQUOT: "free some of your quota, or write elsewhere with --out",
    errno.EACCES: "get permission to write there, or write elsewhere with --out",
    errno.EPERM: "get permission to write there, or write elsewhere with --out",
    errno.EROFS: "write elsewhere with --out",
}


@dataclass(frozen=True, slots=True)
class Written:
    """Where the port is: a folder, or a commit on a branch of the repo in that folder."""

    path: Path
    branch: str = ""
    commit: str = ""
    backup: Path | None = None  # what a person had changed in the port that was replaced
    left_out: tuple[str, ...] = ()  # pipes, sockets and devices: not files, not copied


def check_unchanged(plan: Plan, checkout: Checkout) -> None:
    """Refuses when a file is no longer what the plan was made from."""
    for file in plan.changed:
        path = checkout.root / file.path
        if path.is_symlink() or not path.is_file() or path.read_bytes() != file.original:
            raise UsageError(f"{shown(file.path)} changed while porter was working; run porter again.")


def check_names_free(checkout: Checkout, names: Mapping[str, bytes], force: bool) -> None:
    """Refuses to put porter's own files over a person's; those of an earlier port may go."""
    ours = {name for name in names if name.endswith(".py") and is_own_helper(checkout.root, name)}
    there = (
        name for name in names.keys() - ours if (checkout.root / name).exists() or (checkout.root / name).is_symlink()
    )
    taken = sorted(there)
    if taken and not force and not made_by_porter(checkout.root):
        raise UsageError(f"the checkout has a {shown(taken[0])} of its own; rename it, or replace it with --force.")


def made_by_porter(folder: Path) -> bool:
    """Whether a lock that porter wrote lies in the folder."""
    try:
        read(folder / LOCK_NAME)
    except UsageError:
        return False
    return True


def shown(path: str) -> str:
    """A path that any terminal can print: bytes that are not UTF-8 as backslash escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turns a failing disk into one sentence with the mend."""
    try:
        yield
    except OSError as error:
        what = error.strerror or str(error)
        at = error.filename if isinstance(error.filename, str) else str(where)
        mend = MENDS.get(error.errno or 0, "mend that and run porter again")
        raise UsageError(f"porter could not write {shown(str(where))}: {what} ({shown(at)}); {mend}.") from error
