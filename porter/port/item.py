"""A file, a link or a folder on its way into a port, wherever its bytes lie."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from porter import weights
from porter.lock import digest

FILE, LINK = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777


@dataclass(frozen=True, slots=True)
class Item:
    """`mode` is that of lstat. Bytes that porter made are in `data`, all others stay in their `place`."""

    mode: int
    data: bytes | None = None
    place: Path | None = None

    @classmethod
    def at(cls, place: Path) -> Item | None:
        """What lies at a place; None where nothing does."""
        try:
            return cls(place.lstat().st_mode, place=place)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def runs(self) -> bool:
        """Whether it may be executed: all of a mode that git keeps."""
        return self.is_file and bool(self.mode & stat.S_IXUSR)

    def read(self) -> bytes:
        """The bytes of a file, the target of a link."""
        if self.data is not None:
            return self.data
        assert self.place is not None
        return os.fsencode(self.place.readlink()) if self.is_link else self.place.read_bytes()

    @property
    def digest(self) -> str:
        """As the lock names it: a folder has none."""
        if self.data is None and self.place is not None and weights.behind(self.place) is not None:
            return weights.digest(self.place)
        if self.is_link:
            return "link:" + digest(self.read())
        return digest(self.read()) if self.is_file else ""

    def is_as(self, other: Item | None) -> bool:
        """Whether both have the same content and may both be run, or not."""
        return other is not None and self.digest == other.digest and self.runs == other.runs

    def write(self, to: Path) -> None:
        """Puts it where nothing is yet. What lies on the same disk and stays as it is takes no room again."""
        to.parent.mkdir(parents=True, exist_ok=True)
        if self.data is None and self.place is not None and weights.behind(self.place) is not None:
            weights.share(self.place, to)
        elif self.is_link:
            to.symlink_to(os.fsdecode(self.read()))
        elif stat.S_ISDIR(self.mode) and self.place is not None:
            shutil.copytree(self.place, to, symlinks=True)
        elif self.place is not None:
            shutil.copy2(self.place, to)
        else:
            with to.open("xb") as file:
                file.write(self.read())
            to.chmod(stat.S_IMODE(self.mode))
