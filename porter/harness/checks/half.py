"""Runs each model in float16 and in bfloat16 on both sides; what differs must stay within a bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.difference import alike, differing, same, where
from porter.harness.probes.agree import apart
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "half"
ORDER = 35
_BOUND = {"float16": 2**-8, "bfloat16": 2**-5}  # four units in the last place of the largest number
PROVES = "In half precision the outputs differ by at most 0.4 % (float16) and 3.1 % (bfloat16) of their largest number."
CANNOT = "Overflow and rounding of the vendor's own kernels."


def run(case: Case) -> Iterator[Result]:
    """One result for each model, both dtypes in it."""
    yield from compare(case, Trial(NAME, "forward", _judge, bounded=False))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    said, notes, data = [], [], {}
    for dtype, bound in _BOUND.items():
        one, two = before.data.get("half", {}).get(dtype), after.data["half"][dtype]
        if one is None:
            notes.append(f"nothing in {dtype} was recorded")
            continue
        if "fault" in one:
            notes.append(f"the original does not run in {dtype}: {told(one['fault'])}")
            continue
        if "fault" in two:
            if case.gap(two["fault"]["message"]):
                notes.append(f"{dtype} was not tried: {case.gap(two['fault']['message'])}")
                continue
            return Seen(f"In {dtype}: {told(two['fault'])}", notes=tuple(notes))
        wrong, right = _compared(one, two, bound)
        if wrong:
            return Seen(f"In {dtype}: {wrong}", notes=(*differing(one["steps"], two["steps"]), *notes))
        said.append(f"{dtype} {right}")
        data[dtype] = right
    if not said:
        return Seen(why="; ".join(notes) or "nothing was tried.")
    return Seen(right=f"{' and '.join(said)}.", data=data, notes=tuple(notes))


def _compared(one: Mapping[str, Any], two: Mapping[str, Any], bound: float) -> tuple[str, str]:
    if same(one["outputs"], two["outputs"]):
        return "", "equal to the bit"
    if not alike(one["outputs"], two["outputs"]):
        return "the outputs have another shape or dtype, or are not finite where they were.", ""
    by = apart(one["outputs"], two["outputs"])
    if by > bound:
        return where(one, two), ""
    return "", f"within the bound ({by:.2g} of {bound:.2g})"
