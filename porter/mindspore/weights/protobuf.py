"""The wire format of protobuf, as much as a checkpoint has of it, without reading the contents that it skips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from porter.errors import UsageError

_VARINT, _BYTES = 0, 2
_LONGEST = 10  # bytes of a 64-bit number


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its key, and its number or where its bytes lie."""

    key: int
    start: int
    size: int
    number: int | None = None

    @property
    def stop(self) -> int:
        return self.start + self.size


def fields(file: BinaryIO, start: int, stop: int, path: Path, packed: bool = False) -> Iterator[Field]:
    """The fields between two bytes of a file; packed numbers have no keys."""
    at = start
    while at < stop:
        file.seek(at)
        head = file.read(min(2 * _LONGEST, stop - at))
        key, used = (_VARINT, 0) if packed else _number(head, path)
        value, more = _number(head[used:], path)
        body = at + used + more
        if key & 7 == _VARINT:
            yield Field(key >> 3, body, 0, value)
            at = body
        elif key & 7 == _BYTES:
            if body + value > stop:
                raise UsageError(f"{path} is truncated or no MindSpore checkpoint; get the file again.")
            yield Field(key >> 3, body, value)
            at = body + value
        else:
            raise UsageError(f"{path} is no MindSpore checkpoint; name one, or get the file again.")


def number(value: int) -> bytes:
    """A number in as few bytes as it needs."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def tagged(key: int, content: bytes) -> bytes:
    """Bytes with their key and length before them."""
    return number(key << 3 | _BYTES) + number(len(content)) + content


def _number(data: bytes, path: Path) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[:_LONGEST]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, place + 1
    raise UsageError(f"{path} is truncated or no MindSpore checkpoint; get the file again.")
