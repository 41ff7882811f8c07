"""What the checks on tiny models share: each model on both sides, and why there may be nothing to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from porter.harness.case import NO_ORIGINAL, Case, trouble
from porter.harness.models import Model
from porter.harness.result import Outcome, Result
from porter.harness.stage import Answer

NO_CUDA = "CUDA is simulated for the original by a compiled extension, and there is no C++ compiler here."

Judge = Callable[[Case, Answer, Answer], tuple[str, str, Mapping[str, Any]]]
"""Looks at the answers of original and port: what is wrong ("" for nothing), what is right ("" where the
original itself did nothing, with the reason as `why`), and data."""


def compare(
    case: Case,
    check: str,
    probe: str,
    judge: Judge,
    *,
    needs: tuple[str, ...] = (),
    threads: str = "",
) -> Iterator[Result]:
    """One result for each model that has one of the methods in `needs`, if any are named."""
    if case.stage.real:
        judge = _bounded
    why = _nothing_to_compare(case)
    if why:
        yield Result(check, "the port", *why, tuple(case.models_left_out) if case.stage.original else ())
        return
    for model in case.models:
        yield _one(case, check, probe, judge, model, needs, threads)
    for left in case.models_left_out:
        yield Result(check, left.partition(" was ")[0], Outcome.NOT_APPLICABLE, f"{left}.")


def _bounded(case: Case, before: Answer, after: Answer) -> tuple[str, str, Mapping[str, Any]]:
    from porter.harness.real import bounded

    del case
    return bounded(before.data, after.data)


def _nothing_to_compare(case: Case) -> tuple[Outcome, str] | None:
    if not case.models:
        return Outcome.NOT_APPLICABLE, "No class of the port is a model that the harness knows how to build tiny."
    if case.stage.real:
        return None
    if case.stage.original is None:
        return Outcome.REFERENCE, NO_ORIGINAL
    return None if case.stage.compiled else (Outcome.REFERENCE, NO_CUDA)


def _one(
    case: Case, check: str, probe: str, judge: Judge, model: Model, needs: tuple[str, ...], threads: str
) -> Result:
    reference = case.recipe(model)
    stopped = trouble(case, reference, "The original")
    if stopped:
        return Result(check, model.subject, *_of_reference(stopped))
    methods = [name for name in needs if name in reference.data["methods"]]
    if needs and not methods:
        return Result(check, model.subject, Outcome.NOT_APPLICABLE, f"The model has no {' or '.join(needs)}.")
    order = {**model.order, "recipe": reference.data["recipe"], "methods": methods}
    before, after = case.both(probe, order, threads)
    stopped = trouble(case, before, "The original")
    if stopped:
        return Result(check, model.subject, *_of_reference(stopped))
    stopped = trouble(case, after, "The port")
    left = case.leftovers(after.trace)
    if stopped:
        return Result(check, model.subject, *stopped, tuple(left))
    wrong, right, seen = judge(case, before, after)
    notes = tuple(after.data.get("notes", ()))
    if wrong and judge(case, before, case_again(case, probe, order))[0]:
        unsure = "The original differs from itself from run to run, so nothing can be compared."
        return Result(check, model.subject, Outcome.REFERENCE, unsure, notes)
    if left:
        return Result(check, model.subject, Outcome.FAIL, f"{left[0]}.", (*left[1:], *filter(None, [wrong]), *notes))
    if wrong:
        return Result(check, model.subject, Outcome.FAIL, wrong, notes, seen)
    if not right:
        why = seen.get("why", "")
        return Result(check, model.subject, Outcome.REFERENCE, f"The original does not run this: {why}", notes)
    return Result(check, model.subject, Outcome.PASS, right, (*_operators(case, before, after), *notes), seen)


def case_again(case: Case, probe: str, order: Mapping[str, Any]) -> Answer:
    """The original once more, to tell a difference from mere chance."""
    from porter.harness.stage import ORIGINAL

    return case.stage.probe(ORIGINAL, probe, order)


def _of_reference(stopped: tuple[Outcome, str]) -> tuple[Outcome, str]:
    outcome, said = stopped
    return (outcome if outcome is Outcome.NOT_APPLICABLE else Outcome.REFERENCE), said


def _operators(case: Case, before: Answer, after: Answer) -> tuple[str, ...]:
    """The operators that ran on the devices: equal, or each difference by name."""
    if case.stage.real:
        return (f"compared with {case.stage.reference}",)
    counts = [_on_device(answer.trace, device) for answer, device in ((before, "cuda"), (after, case.stage.device))]
    first, second = counts
    if not first and not second:
        return ("there is no trace of operators",)
    if first == second:
        return (f"{sum(first.values())} operators of {len(first)} kinds ran on the device, the same as before",)
    names = [name for name in sorted({*first, *second}) if first.get(name, 0) != second.get(name, 0)]
    shown = ", ".join(f"{name} {first.get(name, 0)} → {second.get(name, 0)}" for name in names[:8])
    return (f"the operators on the device differ: {shown}",)


def _on_device(trace: Mapping[str, Any], device: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, counts in trace.get("operators", {}).items():
        if place.partition(":")[0] == device:
            for name, count in counts.items():
                found[name] = found.get(name, 0) + count
    return found
