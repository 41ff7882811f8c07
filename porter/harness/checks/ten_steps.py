"""Trains each model for ten steps on both sides: in float32, in mixed precision, and with checkpointed gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import Answer

NAME = "ten-steps"
ORDER = 45
_BOUND = 1e-3  # of a loss or a norm in half precision
PROVES = (
    "Ten steps of AdamW give the original's losses, gradient norms and weights to the last bit: in float32 and with "
    "checkpointed gradients; under autocast to float16 with GradScaler and to bfloat16 losses and norms to 0.1 %."
)
CANNOT = "The repository's own training loop: give that with --run; rounding in the vendor's kernels."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "ten_steps", _judge))


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    return judge_ways(case, before.data["trained"], after.data["trained"])


def judge_ways(case: Case, one: Mapping[str, Any], two: Mapping[str, Any]) -> Seen:
    """Every way of training that the original can go."""
    said, notes = [], []
    data: dict[str, Any] = {}
    for way in one:
        if "fault" in one[way]:
            notes.append(f"the original does not train in this way, {way}: {told(one[way]['fault'])}")
            continue
        if "fault" in two.get(way, {}):
            gap = case.gap(two[way]["fault"]["message"])
            if gap:
                notes.append(f"{way} was not tried: {gap}")
                continue
            return Seen(f"Training, {way}: {told(two[way]['fault'])}", data=data, notes=tuple(notes))
        wrong = _differs(one[way], two[way]) if way in two else "the port did not get that far."
        if wrong and not _near(way, one[way], two.get(way, {})):
            return Seen(f"Training, {way}: {wrong}", data=data, notes=tuple(notes))
        if wrong:
            notes.append(f"not to the bit, but within {_BOUND:.1%}, {way}: {wrong}")
        said.append(way)
        data[way] = {"first loss": _number(one[way], 0), "last loss": _number(one[way], -1)}
    if not said:
        return Seen(why="; ".join(notes))
    first, last = (f"{data[said[0]][name]:.6f}" for name in ("first loss", "last loss"))
    rounded = any(note.startswith("not to the bit") for note in notes)
    equal = "equal to the bit" + (", but for rounding in half precision" if rounded else "")
    right = f"{', '.join(said)}: losses, gradients and weights are {equal} (loss {first} to {last})."
    return Seen(right=right, data=data, notes=tuple(notes))


def _number(way: Mapping[str, Any], step: int) -> float:
    return float.fromhex(way["losses"][step])


def _near(way: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    """Whether two trainings in half precision differ in rounding alone: another executor adds in another order."""
    if "float16" not in way or one.get("scale") != two.get("scale"):
        return False
    pairs = [
        (float.fromhex(a), float.fromhex(b))
        for name in ("losses", "norms")
        for a, b in zip(one.get(name, ()), two.get(name, ()), strict=True)
    ]
    return all(abs(a - b) <= _BOUND * abs(a) for a, b in pairs)


def _differs(one: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    for name, what in (("losses", "loss"), ("norms", "gradient norm")):
        for step, (a, b) in enumerate(zip(one.get(name, ()), two.get(name, ()), strict=True), 1):
            if a != b:
                numbers = f"{float.fromhex(b):.9g}, and {float.fromhex(a):.9g} in the original"
                return f"the {what} of step {step} is {numbers}."
    if one.get("scale") != two.get("scale"):
        return f"the scale of the gradients ends at {two['scale']:g}, and {one['scale']:g} in the original."
    changed = sorted(n for n in {*one["weights"], *two["weights"]} if one["weights"].get(n) != two["weights"].get(n))
    return f"after {len(one['losses'])} steps {len(changed)} weights differ, such as {changed[0]}." if changed else ""
