"""Two sets of weights side by side: the same tensors, with the same bits, whichever framework names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from porter.mindspore.weights.cast import decoded, numpy
from porter.mindspore.weights.mapping import Made, Part
from porter.mindspore.weights.stream import even, made_of
from porter.mindspore.weights.tensor import WIDTHS, Tensor, Weights

_ELEMENTS = 2**20  # compared at a time


@dataclass(frozen=True, slots=True)
class Difference:
    """A tensor that is not the same on both sides, and how."""

    name: str
    how: str
    largest: float = 0.0


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found. `exact` have the same bits."""

    exact: int
    differences: tuple[Difference, ...]


def as_they_are(weights: Weights) -> list[Made]:
    """Every tensor of a file, made of itself."""
    return [
        Made(tensor, (Part(name, 0, tensor.shape[0] if tensor.shape else 1),), name)
        for name, tensor in weights.tensors.items()
    ]


def compare(
    one: Weights, made: list[Made], other: Weights, progress: Callable[[int, int, str], None] = lambda *_: None
) -> Compared:
    """Compares what `made` makes of `one` with what `other` holds."""
    wanted = {each.tensor.name: each for each in made}
    there = other.tensors
    found = [Difference(name, f"only in {one.path}") for name in sorted(wanted.keys() - there.keys())]
    found += [Difference(name, f"only in {other.path}") for name in sorted(there.keys() - wanted.keys())]
    exact, seen = 0, 0
    both = sorted(wanted.keys() & there.keys())
    total = sum(there[name].size for name in both)
    for name in both:
        difference = _compared(one, wanted[name], other, there[name])
        exact += difference is None
        found += [difference] if difference else []
        seen += there[name].size
        progress(seen, total, name)
    return Compared(exact, tuple(found))


def _compared(one: Weights, made: Made, other: Weights, there: Tensor) -> Difference | None:
    here = made.tensor
    if here.shape != there.shape:
        return Difference(here.name, f"shapes {here.shape} and {there.shape}")
    pairs = _pairs(one, made, other)
    if here.dtype == there.dtype:
        if all(a == b for a, b in pairs):
            return None
        pairs = _pairs(one, made, other)
    largest = _largest(pairs, here.dtype, there.dtype)
    kinds = f"dtypes {here.dtype} and {there.dtype}, " if here.dtype != there.dtype else ""
    return Difference(here.name, f"{kinds}largest difference {largest:.3g}", largest)


def _pairs(one: Weights, made: Made, other: Weights) -> Iterator[tuple[bytes, bytes]]:
    there = other.stored[made.tensor.name].tensor
    mine = even(made_of(one, made), _ELEMENTS * WIDTHS[made.tensor.dtype])
    return zip_longest(mine, even(other.chunks(there.name), _ELEMENTS * WIDTHS[there.dtype]), fillvalue=b"")


def _largest(pairs: Iterator[tuple[bytes, bytes]], one: str, other: str) -> float:
    """The largest difference; a NaN that only one side has is as large as can be."""
    np, largest = numpy(), 0.0
    for a, b in pairs:
        x, y = decoded(a, one), decoded(b, other)
        if (np.isnan(x) != np.isnan(y)).any():
            return float("inf")
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        with np.errstate(invalid="ignore"):
            largest = max(largest, float(np.abs(np.where(same, 0, x - y)).max(initial=0.0)))
    return largest
