"""Lets each model that can generate do so on both sides, greedily and sampling from a seed, and compares the tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "generate"
ORDER = 50
PROVES = "Generation, its cache and its masks included, gives the original's tokens and scores: greedily, and sampled."
CANNOT = "What a trained model would say: the tiny one has random weights; known-answers tells that."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "generate", _judge, needs=("generate",)))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    one, two = before.data["tokens"], after.data["tokens"]
    seen: dict[str, Any] = {"tokens": {way: one[way].get("ids") for way in one}}
    notes, said = [], []
    for way in one:
        if "fault" in one[way]:
            notes.append(f"the original does not generate {way}: {told(one[way]['fault'])}")
        elif "fault" in two[way]:
            gap = case.gap(two[way]["fault"]["message"])
            if not gap:
                return Seen(f"Generating {way}: {told(two[way]['fault'])}", data=seen)
            notes.append(f"{way} was not tried: {gap}")
        elif one[way]["ids"] != two[way]["ids"]:
            return Seen(f"The {way} tokens are {two[way]['ids']}, and {one[way]['ids']} in the original.", data=seen)
        elif one[way].get("steps") != two[way].get("steps"):
            return Seen(
                f"The {way} tokens are the same, and {_unlike(one[way]['steps'], two[way]['steps'])}.", data=seen
            )
        else:
            said.append(f"{sum(map(len, one[way]['ids']))} {way} tokens")
    if not said:
        return Seen(why="; ".join(notes), data=seen)
    return Seen(right=f"{' and '.join(said)} are equal, with their scores.", data=seen, notes=tuple(notes))


def _unlike(one: list[str], two: list[str]) -> str:
    """Where the scores part."""
    if len(one) != len(two):
        return f"the port asks its model {len(two)} times for them, and the original {len(one)} times"
    step = next(number for number, (a, b) in enumerate(zip(one, two, strict=True), 1) if a != b)
    return f"the scores from which they are chosen differ from step {step} on"
