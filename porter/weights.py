"""Files of weights: too large to be copied or read whole for nothing, so that a port shares them with its checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path, PurePath

LARGE = 32 * 1024 * 1024  # a smaller file is copied like any other
_SUFFIXES = frozenset(
    {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".ggml", ".h5", ".msgpack", ".onnx", ".npz", ".tar"}
)
_SAMPLE = 1024 * 1024
_CLONE = 0x40049409  # FICLONE of Linux: the same blocks on the disk under two files, apart as soon as one is written


def is_weights(name: PurePath | str, size: int) -> bool:
    """Whether a file is of weights, by its name, and large."""
    return size >= LARGE and PurePath(name).suffix.lower() in _SUFFIXES


def behind(path: Path) -> Path | None:
    """The large file of weights at a place, or behind a link there to one elsewhere; None where there is none."""
    with suppress(OSError):
        if path.is_symlink() and not path.readlink().is_absolute():
            return None
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and is_weights(path, found.st_size):
            return path
    return None


def digest(path: Path) -> str:
    """How the lock names weights: by their size, their beginning and their end, so that nobody has to read the rest."""
    seen = hashlib.sha256()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        seen.update(file.read(_SAMPLE))
        file.seek(max(size - _SAMPLE, 0))
        seen.update(file.read(_SAMPLE))
    return f"weights:{size}:{seen.hexdigest()}"


def share(source: Path, place: Path, *, lasting: bool = True) -> None:
    """Puts weights at a place without a copy of their bytes, where the disk allows it.

    A clone is a file of its own. A hard link is the same file, and so is what a link leads to; for that the source must
    be `lasting`. Only without any of these are the bytes copied.
    """
    if _clone(source, place):
        return
    with suppress(OSError):
        os.link(source.resolve(), place)
        return
    if lasting:
        place.symlink_to(source.resolve())
    else:
        shutil.copyfile(source, place)


def _clone(source: Path, place: Path) -> bool:
    try:
        import fcntl
    except ImportError:  # not on Windows
        return False
    try:
        with source.open("rb") as old, place.open("xb") as new:
            fcntl.ioctl(new.fileno(), _CLONE, old.fileno())
        return True
    except OSError:
        place.unlink(missing_ok=True)
        return False


def copy_or_share(source: str, place: str) -> str:
    """For shutil.copytree: weights are shared, everything else is copied."""
    if behind(Path(source)) is not None:
        share(Path(source), Path(place))
        return place
    return str(shutil.copy2(source, place))
