"""What every format of weights comes down to: named tensors whose bytes can be read in pieces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from porter.errors import UsageError

CHUNK = 8 * 2**20

# Bytes of one element. What weights are made of, and what a file may hold besides.
WIDTHS = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
FLOATS = ("float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor without its values."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * WIDTHS[self.dtype]

    @property
    def row(self) -> int:
        """Bytes of one row: of what one index of the first dimension names."""
        return math.prod(self.shape[1:]) * WIDTHS[self.dtype]

    def __str__(self) -> str:
        return f"{self.name} ({self.dtype}, {' x '.join(map(str, self.shape)) or 'scalar'})"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file."""

    file: Path
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor and where its bytes lie; a checkpoint may keep one in several spans."""

    tensor: Tensor
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """All tensors of a file or a folder, by name, in the order in which they lie there."""

    path: Path
    form: str
    stored: Mapping[str, Stored]
    files: tuple[Path, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def tensors(self) -> dict[str, Tensor]:
        return {name: stored.tensor for name, stored in self.stored.items()}

    def chunks(self, name: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes of a tensor from `start` to `stop`, a few megabytes at a time and in whole elements."""
        stored = self.stored[name]
        end = stored.tensor.size if stop is None else stop
        at = 0
        for span in stored.spans:
            first, last = max(start, at), min(end, at + span.size)
            if first < last:
                yield from _read(span.file, span.start + first - at, last - first)
            at += span.size


def _read(file: Path, start: int, size: int) -> Iterator[bytes]:
    with file.open("rb") as reader:
        reader.seek(start)
        while size:
            data = reader.read(min(CHUNK, size))
            if not data:
                raise UsageError(f"{file} became shorter while porter read it; get the file again.")
            size -= len(data)
            yield data
