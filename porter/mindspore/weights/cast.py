"""Changes the dtype of bytes: exact where the new one is wider, rounded to nearest even where not, and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from porter.errors import UsageError


@dataclass(slots=True)
class Loss:
    """What a change of dtype did to values: those too large for the new one, and those that became 0."""

    overflowed: int = 0
    largest: float = 0.0
    vanished: int = 0


def cast(data: bytes, old: str, new: str, loss: Loss) -> bytes:
    """The same values in another dtype."""
    if old == new:
        return data
    np = numpy()
    values = decoded(data, old)
    finite = np.isfinite(values)
    with np.errstate(over="ignore"):
        result = _encoded(values, new)
    after = decoded(result, new)
    over = finite & ~np.isfinite(after)
    if over.any():
        loss.overflowed += int(over.sum())
        loss.largest = max(loss.largest, float(np.abs(values[over]).max()))
    loss.vanished += int(((values != 0) & (after == 0)).sum())
    return result


def decoded(data: bytes, dtype: str) -> Any:
    """The values as float32; numpy has no bfloat16, which is the upper half of a float32."""
    np = numpy()
    if dtype == "bfloat16":
        return (np.frombuffer(data, np.dtype("<u2")).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).astype(np.float32)


def _encoded(values: Any, dtype: str) -> bytes:
    np = numpy()
    if dtype != "bfloat16":
        return bytes(values.astype(np.dtype(dtype).newbyteorder("<")).tobytes())
    bits = values.view(np.uint32)
    rounded = (bits + (((bits >> 16) & 1) + 0x7FFF)) >> 16
    # The addition would carry a NaN over into infinity: its upper half with a bit set stays one.
    return bytes(np.where(np.isnan(values), (bits >> 16) | 0x40, rounded).astype(np.dtype("<u2")).tobytes())


def numpy() -> Any:
    """numpy, which only what looks at values needs."""
    try:
        import numpy
    except ImportError as error:
        raise UsageError(
            "That looks at the values of weights and needs numpy: pip install 'porter[mindspore]'."
        ) from error
    return numpy
