"""Where two runs of a model part: the first module whose output differs, and by how much each of the next ones does."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

_SHOWN = 6  # modules that are told
_EXACT = ("digest", "shape", "dtype")
_KIND = ("shape", "dtype")


def same(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> bool:
    """Whether the outputs are equal to the bit."""
    return [[t[n] for n in _EXACT] for t in one] == [[t[n] for n in _EXACT] for t in two]


def alike(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> bool:
    """Whether the outputs have the same shapes and dtypes, and are finite in the same places or not at all."""
    return [[t[n] for n in (*_KIND, "finite")] for t in one] == [[t[n] for n in (*_KIND, "finite")] for t in two]


def where(one: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    """A sentence on two runs whose outputs differ."""
    by = largest(one["outputs"], two["outputs"])
    amount = f" by up to {by:.3g}" if by is not None else ""
    return f"The outputs differ{amount}; {_first(one['steps'], two['steps'])}."


def largest(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> float | None:
    """The largest difference of numbers, where shapes let it be told."""
    told = [_by(a["numbers"], b["numbers"]) for a, b in zip(one, two, strict=False)]
    return max((by for by in told if by is not None), default=None)


def differing(one: list[Any], two: list[Any]) -> tuple[str, ...]:
    """The modules whose outputs differ, in the order in which they ran."""
    found = []
    for (name, digest, numbers), (_, again, others) in zip(one, two, strict=False):
        if digest != again:
            by = _by(numbers, others)
            found.append(f"{name} differs" + (f" by up to {by:.3g} in what was sampled" if by else ""))
    more = [f"{len(found) - _SHOWN} more modules differ"] if len(found) > _SHOWN else []
    return (*found[:_SHOWN], *more)


def _first(one: list[Any], two: list[Any]) -> str:
    for a, b in zip_longest(one, two):
        if a is None or b is None:
            return f"the port runs {len(two)} modules, the original {len(one)}"
        if a[0] != b[0]:
            return f"first the port runs {b[0]} where the original runs {a[0]}"
        if a[1] != b[1]:
            return f"the first module that differs is {a[0]}"
    return "no module does"


def _by(one: list[float], two: list[float]) -> float | None:
    return max((abs(a - b) for a, b in zip(one, two, strict=False)), default=None)
