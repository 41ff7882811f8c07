"""Runs each model, made tiny, on both sides and compares what it gives, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator

from porter.harness.case import Case
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.difference import differing, same, where
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "forward"
ORDER = 30
PROVES = "With equal weights the port computes what the original computes, in float32 to the last bit."
CANNOT = "The vendor's own kernels, their rounding and their speed; what the tiny model does not reach."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "forward", _judge))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    del case
    one, two = before.data, after.data
    seen = {"outputs": len(one["outputs"]), "modules": len(one["steps"])}
    if one["weights"] != two["weights"]:
        return Seen("Before anything ran, the weights differ: the port is built or initialised otherwise.", data=seen)
    if same(one["outputs"], two["outputs"]):
        said = f"{seen['outputs']} tensors are equal to the bit, after {seen['modules']} modules."
        return Seen(right=said, data=seen)
    return Seen(where(one, two), data=seen, notes=differing(one["steps"], two["steps"]))
