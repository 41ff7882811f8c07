"""The bytes of tensors that are still to be made, piece by piece from the rows that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from porter.mindspore.weights.mapping import Made, Part
from porter.mindspore.weights.tensor import WIDTHS, Weights


def made_of(weights: Weights, made: Made) -> Iterator[bytes]:
    """The bytes of a tensor in the dtype of its sources."""
    for part in made.parts:
        source = weights.stored[part.source].tensor
        chunks = weights.chunks(part.source, part.start * source.row, part.stop * source.row)
        yield from _padded(chunks, part, source.row, WIDTHS[source.dtype]) if any(part.pad) else chunks


def _padded(chunks: Iterator[bytes], part: Part, row: int, width: int) -> Iterator[bytes]:
    """Each row between zeros. Only adapters ask for that, whose rows are a few numbers."""
    before, after = (b"\0" * (count * width) for count in part.pad)
    for data in even(chunks, row):
        yield before + data + after


def even(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of `size`; the last one may be shorter."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        whole = len(held) - len(held) % size
        view = bytes(held[:whole])
        del held[:whole]
        yield from (view[at : at + size] for at in range(0, whole, size))
    if held:
        yield bytes(held)


def same_bytes(weights: Weights, one: str, other: str) -> bool:
    """Whether two tensors have the same shape, dtype and bytes."""
    a, b = weights.stored[one].tensor, weights.stored[other].tensor
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    return all(x == y for x, y in zip_longest(even(weights.chunks(one), 1 << 20), even(weights.chunks(other), 1 << 20)))
