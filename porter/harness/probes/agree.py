"""Compares what a probe answered with a reference: to the bit, or within a bound where kernels round otherwise.

For the standard library alone: it also works beside a port, without porter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

BOUND = 5e-3  # of a number, relative to it or to 1, whichever is larger; chosen, not measured

_EXACT_NUMBER = re.compile(r"-?0x[01]\.[0-9a-f]+p[+-]\d+")
_TALK = {"notes"}
_IN_PARTS = ({"said"}, {"trained"}, {"tokens"})  # answers whose parts fail one by one
_TO_THE_BIT = {"digest", "steps", "weights", "device", "half"}


def differences(reference: Any, answer: Any, bound: float = 0.0) -> list[str]:
    """What differs, as sentences. With a bound digests are left out, and lists of numbers may be cut short.

    Where the reference itself failed (`fault`) there is nothing to compare with.
    """
    return list(_differ(reference, answer, bound, ""))


def compared(reference: Mapping[str, Any]) -> bool:
    """Whether anything in a reference can be compared: parts that failed cannot."""
    told = {name: value for name, value in reference.items() if name not in _TALK}
    inner = next(iter(told.values())) if set(told) in _IN_PARTS else {}
    parts = inner.values() if inner else [told]
    return any("fault" not in part for part in parts)


def apart(one: list[Mapping[str, Any]], two: list[Mapping[str, Any]]) -> float:
    """How far outputs lie apart, as a part of the largest number; endless where that cannot be told."""
    kinds = [[(t["shape"], t["dtype"], t["finite"]) for t in side] for side in (one, two)]
    if kinds[0] != kinds[1]:
        return inf
    return max((_apart(a, b) for a, b in zip(one, two, strict=True)), default=0.0)


def _apart(one: Mapping[str, Any], two: Mapping[str, Any]) -> float:
    if one["digest"] == two["digest"]:
        return 0.0
    scale = max(map(abs, one["numbers"]), default=0.0)
    if not scale or not one["finite"]:
        return inf
    return float(max(abs(a - b) for a, b in zip(one["numbers"], two["numbers"], strict=True)) / scale)


def _differ(one: Any, two: Any, bound: float, at: str) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        yield from _keys_differ(one, two, bound, at)
    elif isinstance(one, list) and isinstance(two, list):
        numbers = bound and at.endswith("numbers")
        if len(one) != len(two) and not numbers:
            yield f"{at or 'the answer'} has {len(two)} entries, and {len(one)} in the reference"
        for index, (first, second) in enumerate(zip(one, two, strict=False)):
            found = next(_differ(first, second, bound, f"{at}[{index}]"), "")
            if found:
                yield found
                return
    elif not _equal(one, two, bound):
        yield f"{at or 'the answer'} is {_short(two)}, and {_short(one)} in the reference"


def _keys_differ(one: Mapping[str, Any], two: Mapping[str, Any], bound: float, at: str) -> Iterator[str]:
    if "fault" in one:
        return
    if "fault" in two:
        fault = two["fault"]
        yield f"{at or 'the port'} fails: {fault.get('at', '')} {fault['type']}: {fault['message']}"
        return
    left_out = _TALK | (_TO_THE_BIT if bound else set())
    for name in one:
        if name in left_out or (not bound and name == "device"):
            continue
        where = f"{at}.{name}" if at else name
        if name not in two and bound and at == "said":
            continue  # a call on a second device, which not every machine has
        if name not in two:
            yield f"{where} is missing"
        else:
            yield from _differ(one[name], two[name], bound, where)


def _equal(one: Any, two: Any, bound: float) -> bool:
    first, second = _number(one), _number(two)
    if not bound or first is None or second is None or first == second or (first != first and second != second):
        return bool(one == two)
    if isinstance(one, int) and isinstance(two, int):  # tokens, counts and shapes
        return False
    return abs(first - second) <= bound * max(1.0, abs(first))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    return float.fromhex(value) if isinstance(value, str) and _EXACT_NUMBER.fullmatch(value) else None


def _short(value: Any) -> str:
    number = _number(value)
    text = f"{number:.9g}" if number is not None else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
