"""The file in which plans are remembered: whole or not there, whoever writes it at the same time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from porter.cache.record import Record

_HEAD = 64 + 64  # the key of rules and porter, the digest of what follows
VARIABLE = "PORTER_CACHE"


def home() -> Path:
    """Where the memory lies: told by the environment, else where this system keeps caches of a person."""
    told = os.environ.get(VARIABLE)
    if told:
        return Path(told)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()) / "porter"


@dataclass
class Store:
    """Records by path."""

    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def read(cls, place: Path, key: str) -> Store:
        """What was written under this key; nothing of a file that is not there, broken, or of other rules."""
        import msgspec

        try:
            content = place.read_bytes()
            head, body = content[:_HEAD], content[_HEAD:]
            if head != _head(key, body):
                return cls()
            return cls({_path(path): r for path, r in msgspec.msgpack.decode(body, type=dict[bytes, Record]).items()})
        except (OSError, ValueError, msgspec.MsgspecError):
            return cls()

    def write(self, place: Path, key: str) -> None:
        """Beside its place, then renamed: of two runs at once the second wins, and neither is in the other's way.

        A cache that cannot be written is none: that is no reason to stop.
        """
        import msgspec

        try:
            body = msgspec.msgpack.encode({os.fsencode(path): record for path, record in self.records.items()})
        except UnicodeEncodeError:  # a name that is no UTF-8, quoted in a finding
            return
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_head(key, body) + body)
                Path(name).replace(place)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise


def _head(key: str, body: bytes) -> bytes:
    return (key + hashlib.sha256(body).hexdigest()).encode()


def _path(raw: bytes) -> str:
    return os.fsdecode(raw)
