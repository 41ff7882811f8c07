"""Lets each model that can generate do so on both sides and compares the tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case
from porter.harness.comparison import compare
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "generate"
ORDER = 50
PROVES = "Generation, its cache and its masks included, gives the original's tokens."
CANNOT = "What a trained model would say: the tiny one has random weights."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, NAME, "generate", _judge, needs=("generate",))


def _judge(case: Case, before: Answer, after: Answer) -> tuple[str, str, Mapping[str, Any]]:
    del case
    one, two = before.data["tokens"], after.data["tokens"]
    seen = {"tokens": one}
    if one != two:
        return f"The tokens are {two}, and {one} in the original.", "", seen
    return "", f"{sum(map(len, one))} tokens are equal.", seen
