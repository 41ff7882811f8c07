"""What lies in weights: tensors, dtypes, sizes, and on demand what their values are like."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from porter.mindspore.weights.cast import decoded, numpy
from porter.mindspore.weights.tensor import FLOATS, Tensor, Weights


@dataclass(slots=True)
class Values:
    """The values of a tensor. `beyond_float16` counts the finite ones that float16 cannot hold."""

    largest: float = 0.0
    nan: int = 0
    infinite: int = 0
    beyond_float16: int = 0


def totals(weights: Weights) -> dict[str, tuple[int, int]]:
    """For each dtype how many tensors there are, and how many bytes."""
    tensors = weights.tensors.values()
    count = Counter(tensor.dtype for tensor in tensors)
    return {dtype: (count[dtype], sum(t.size for t in tensors if t.dtype == dtype)) for dtype in sorted(count)}


def values(weights: Weights, tensor: Tensor) -> Values:
    """A look at every value of a tensor of floats."""
    found = Values()
    if tensor.dtype not in FLOATS:
        return found
    np = numpy()
    for chunk in weights.chunks(tensor.name):
        numbers = decoded(chunk, tensor.dtype)
        finite = np.abs(numbers[np.isfinite(numbers)])
        found.nan += int(np.isnan(numbers).sum())
        found.infinite += int(np.isinf(numbers).sum())
        found.largest = max(found.largest, float(finite.max(initial=0.0)))
        with np.errstate(over="ignore"):
            found.beyond_float16 += int(np.isinf(finite.astype(np.float16)).sum())
    return found
