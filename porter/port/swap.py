"""Puts a finished tree where an older one may be, so that at any moment one of the two is there, whole."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from porter.errors import UsageError

AT_FDCWD = -100
RENAME_EXCHANGE = 2


def temporary_prefix(out: Path) -> str:
    """How the folders beside `out` begin in which a run builds."""
    return f".{out.name}.porter-"


def put(new: Path, out: Path) -> None:
    """Moves the tree `new` to `out` and deletes what was there."""
    old = new if _exchanged(new, out) else _renamed(new, out)
    shutil.rmtree(old, ignore_errors=True)  # the port is in place; what cannot go now goes at the next run


def recover(out: Path) -> None:
    """Cleans up after a run that was killed. The caller holds the lock of `out`, so no such run is alive."""
    aside = _aside(out)
    if aside.is_dir() and not out.exists():
        aside.rename(out)  # killed between two renames: the old tree comes back
    for left in out.parent.iterdir():
        if left.name.startswith(temporary_prefix(out)) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)


def lies_aside(out: Path) -> bool:
    """Whether a killed run left the tree of `out` aside, between its two renames."""
    return _aside(out).is_dir()


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Holds the lock file beside `out`; a second run at the same time is refused."""
    path = out.with_name(f"{temporary_prefix(out)}lock")
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(held)
            raise UsageError(f"another porter is writing {out} right now; wait until it is done.") from error
        if _is_still(held, path):
            break
        os.close(held)  # its owner removed the file between our open and our lock
    try:
        yield
    finally:
        with suppress(OSError):  # an empty file that stays is in nobody's way
            path.unlink()
        os.close(held)


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """The same for a run that writes into an existing folder, which is locked itself."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UsageError(f"another porter is writing into {folder} right now; wait until it is done.") from error
    finally:
        os.close(held)


def _is_still(held: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(held), path.stat())
    except FileNotFoundError:
        return False


def _exchanged(new: Path, out: Path) -> bool:
    """Swaps both names in one step where the system can; Linux can on most file systems."""
    if not out.exists():
        return False
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if swap(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(out), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(out))


def _renamed(new: Path, out: Path) -> Path:
    """Two renames; between them the old tree lies aside, from where `recover` brings it back."""
    aside = _aside(out)
    if not out.exists():
        new.rename(out)
        return aside
    out.rename(aside)
    try:
        new.rename(out)
    except BaseException:
        aside.rename(out)
        raise
    return aside


def _aside(out: Path) -> Path:
    return out.with_name(f"{temporary_prefix(out)}old")
