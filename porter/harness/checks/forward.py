"""Runs each model, made tiny, on both sides and compares what it gives, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case
from porter.harness.comparison import compare
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "forward"
ORDER = 30
PROVES = "With equal weights the port computes what the original computes, in float32 to the last bit."
CANNOT = "The vendor's own kernels, their rounding and their speed; what the tiny model does not reach."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, NAME, "forward", _judge)


def _judge(case: Case, before: Answer, after: Answer) -> tuple[str, str, Mapping[str, Any]]:
    del case
    one, two = before.data, after.data
    seen = {"outputs": len(one["outputs"]), "modules": len(one["steps"])}
    if one["weights"] != two["weights"]:
        return "Before anything ran, the weights differ: the port is built or initialised otherwise.", "", seen
    names = ("digest", "shape", "dtype")
    if [[t[n] for n in names] for t in one["outputs"]] == [[t[n] for n in names] for t in two["outputs"]]:
        said = f"{seen['outputs']} tensors are equal to the bit, after {seen['modules']} modules."
        return "", said, seen
    where = _first_difference(one["steps"], two["steps"])
    return f"The outputs differ{_by(one['outputs'], two['outputs'])}; {where}.", "", seen


def _first_difference(one: list[list[str]], two: list[list[str]]) -> str:
    for (name, digest), (other, again) in zip(one, two, strict=False):
        if name != other:
            return f"first the port runs {other} where the original runs {name}"
        if digest != again:
            return f"the first module that differs is {name}"
    return f"the port runs {len(two)} modules, the original {len(one)}" if len(one) != len(two) else "no module does"


def _by(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> str:
    """The largest difference of numbers, where shapes let it be told."""
    pairs = [pair for a, b in zip(one, two, strict=False) for pair in zip(a["numbers"], b["numbers"], strict=False)]
    return f" by up to {max(abs(a - b) for a, b in pairs):.3g}" if pairs else ""
