"""Lets each model that can generate do so on both sides, greedily and sampling from a seed, and compares the tokens."""

from __future__ import annotations

from collections.abc import Iterator

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "generate"
ORDER = 50
PROVES = "Generation, its cache and its masks included, gives the original's tokens: greedily, and sampled from a seed."
CANNOT = "What a trained model would say: the tiny one has random weights; known-answers tells that."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "generate", _judge, needs=("generate",)))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    one, two = before.data["tokens"], after.data["tokens"]
    seen, notes, said = {"tokens": one}, [], []
    for way in one:
        if "fault" in one[way]:
            notes.append(f"the original does not generate {way}: {told(one[way]['fault'])}")
        elif "fault" in two[way]:
            gap = case.gap(two[way]["fault"]["message"])
            if not gap:
                return Seen(f"Generating {way}: {told(two[way]['fault'])}", data=seen)
            notes.append(f"{way} was not tried: {gap}")
        elif one[way] != two[way]:
            return Seen(f"The {way} tokens are {two[way]['ids']}, and {one[way]['ids']} in the original.", data=seen)
        else:
            said.append(f"{sum(map(len, one[way]['ids']))} {way} tokens")
    if not said:
        return Seen(why="; ".join(notes), data=seen)
    return Seen(right=f"{' and '.join(said)} are equal.", data=seen, notes=tuple(notes))
