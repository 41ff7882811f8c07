"""Trains each model once more in a new process: the same bytes must come out, by the same operators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from porter.harness.case import Case
from porter.harness.comparison import Seen, Trial, compare, on_device
from porter.harness.probes.agree import BOUND, differences
from porter.harness.result import Result
from porter.harness.stage import PORT, Answer

NAME = "determinism"
ORDER = 46
PROVES = "Two runs of the port give the same bytes by the same operators."
CANNOT = "Races between streams, and kernels of the vendor that are not deterministic."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "ten_steps", _judge, counted=False, bounded=False, ask=_ask))


def _ask(case: Case, probe: str, order: dict[str, Any]) -> tuple[Answer, Answer]:
    """The runs of ten-steps, and the port's a second time; `before` is the original, for what is not runnable there."""
    before, first = case.both(probe, order)
    again = case.stage.probe(PORT, probe, order) if first.data.get("trained") else first
    return before, Answer(again.ended, {**again.data, "first": first.data, "operators": first.trace}, again.trace)


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    del before
    if "first" not in after.data:  # the original, asked in the port's place to tell chance
        return Seen()
    one, two = after.data["first"]["trained"], after.data["trained"]
    if case.stage.real:
        found = differences({"trained": one}, {"trained": two}, BOUND)
        right = f"A second run gives the same within {BOUND:g}."
        return Seen(f"A second run gives something else: {found[0]}.") if found else Seen(right=right)
    changed = [way for way in one if one[way] != two.get(way)]
    if changed:
        return Seen(f"A second run gives something else: {', '.join(changed)}.")
    first, second = (on_device(trace, case.stage.device) for trace in (after.data["operators"], after.trace))
    if first != second:
        names = sorted(name for name in {*first, *second} if first.get(name) != second.get(name))
        return Seen(f"A second run takes other operators: {', '.join(names[:8])}.")
    count = sum(first.values())
    return Seen(right=f"A second run gives the same bytes, by the same {count} operators.", data={"operators": count})
