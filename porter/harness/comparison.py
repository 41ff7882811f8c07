"""What the checks on tiny models share: each model on both sides, and why there may be nothing to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from porter.harness.candidates import Model
from porter.harness.case import NO_ORIGINAL, Case, trouble
from porter.harness.result import Outcome, Result
from porter.harness.stage import ORIGINAL, Answer

NO_CUDA = "CUDA is simulated for the original by a compiled extension, and there is no C++ compiler here."
UNSURE = "The original differs from itself from run to run, so nothing can be compared."


@dataclass(frozen=True)
class Seen:
    """What a judge says: what is wrong, or what is right, or else why the original itself does not do it."""

    wrong: str = ""
    right: str = ""
    why: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Judge = Callable[[Case, Answer, Answer], Seen]
"""Looks at the answers of original and port."""


@dataclass(frozen=True)
class Trial:
    """A probe that runs on both sides, and who judges what came of it."""

    check: str
    probe: str
    judge: Judge
    needs: tuple[str, ...] = ()  # the model must have one of these methods
    threads: str = ""  # the port's rule for threads that never chose a device
    devices: int = 0  # simulated devices; 0 for as many as the person said
    bounded: bool = True  # on a real device, whose kernels round otherwise, agreement within a bound is the judge
    counted: bool = True  # whether both sides run the same operators
    ask: Callable[[Case, str, dict[str, Any]], tuple[Answer, Answer]] | None = None  # when not side by side


def compare(case: Case, trial: Trial) -> Iterator[Result]:
    """One result for each model that the trial is for."""
    if case.stage.real and trial.bounded:
        trial = replace(trial, judge=_bounded)
    why = nothing_to_compare(case)
    if why:
        yield Result(trial.check, "the port", *why, tuple(case.models_left_out) if case.stage.original else ())
        return
    for model in case.models:
        yield _one(case, trial, model)
    if case.how_many_left_out and trial.check == "forward":  # once is enough
        left = tuple(case.models_left_out)
        yield Result(trial.check, "other models", Outcome.NOT_APPLICABLE, case.how_many_left_out, left)


def _bounded(case: Case, before: Answer, after: Answer) -> Seen:
    """The judge on a real device, whose kernels round otherwise."""
    from porter.harness.real import bounded

    del case
    wrong, right, data = bounded(before.data, after.data)
    return Seen(wrong, right, str(data.get("why", "")), data)


def nothing_to_compare(case: Case) -> tuple[Outcome, str] | None:
    """Why no model can be compared at all."""
    if not case.models:
        return Outcome.NOT_APPLICABLE, "No class of the port is a model that the harness knows how to build tiny."
    if case.stage.real:
        return None
    if case.stage.original is None:
        return Outcome.REFERENCE, NO_ORIGINAL
    return None if case.stage.compiled else (Outcome.REFERENCE, NO_CUDA)


def _one(case: Case, trial: Trial, model: Model) -> Result:
    order, stopped = _order(case, trial, model)
    if stopped:
        return Result(trial.check, model.subject, *stopped)
    before, after = _asked(case, trial, order)
    refused = trouble(case, before, "The original")
    if refused:
        return Result(trial.check, model.subject, *_of_reference(refused))
    refused = trouble(case, after, "The port")
    left = case.leftovers(after.trace)
    if refused:
        return Result(trial.check, model.subject, *refused, tuple(left))
    seen = trial.judge(case, before, after)
    notes = (*seen.notes, *after.data.get("notes", ()), *case.open_variables(after.trace))
    if seen.wrong and trial.judge(case, before, _again(case, trial, order)).wrong:
        return Result(trial.check, model.subject, Outcome.REFERENCE, UNSURE, notes)
    if left:
        more = (*left[1:], *filter(None, [seen.wrong]), *notes)
        return Result(trial.check, model.subject, Outcome.FAIL, f"{left[0]}.", more, seen.data)
    if seen.wrong:
        return Result(trial.check, model.subject, Outcome.FAIL, seen.wrong, notes, seen.data)
    if not seen.right:
        said = f"The original does not run this: {seen.why}"
        return Result(trial.check, model.subject, Outcome.REFERENCE, said, notes, seen.data)
    left_device = moved(case, before, after) if trial.counted else ""
    if left_device:
        return Result(trial.check, model.subject, Outcome.FAIL, f"{left_device}.", notes, seen.data)
    notes = (*(operators(case, before, after) if trial.counted else ()), *notes)
    return Result(trial.check, model.subject, Outcome.PASS, seen.right, notes, seen.data)


def _order(case: Case, trial: Trial, model: Model) -> tuple[dict[str, Any], tuple[Outcome, str] | None]:
    reference = case.recipe(model)
    refused = trouble(case, reference, "The original")
    if refused:
        return {}, _of_reference(refused)
    methods = [name for name in trial.needs or reference.data["methods"] if name in reference.data["methods"]]
    if trial.needs and not methods:
        return {}, (Outcome.NOT_APPLICABLE, f"The model has no {' or '.join(trial.needs)}.")
    return {**model.order, "recipe": reference.data["recipe"], "methods": methods}, None


def _asked(case: Case, trial: Trial, order: dict[str, Any]) -> tuple[Answer, Answer]:
    if trial.ask is not None:
        return trial.ask(case, trial.probe, order)
    return case.both(trial.probe, order, trial.threads, trial.devices)


def _again(case: Case, trial: Trial, order: dict[str, Any]) -> Answer:
    """The original once more, to tell a difference from mere chance."""
    if trial.ask is not None:
        return trial.ask(case, trial.probe, order)[0]
    return case.stage.probe(ORIGINAL, trial.probe, order, "", trial.devices)


def _of_reference(stopped: tuple[Outcome, str]) -> tuple[Outcome, str]:
    outcome, said = stopped
    return (outcome if outcome is Outcome.NOT_APPLICABLE else Outcome.REFERENCE), said


def operators(case: Case, before: Answer, after: Answer) -> tuple[str, ...]:
    """The operators that ran on the devices: equal, or each difference by name."""
    if case.stage.real:
        return (f"compared with {case.stage.reference if before.recorded else case.stage.made_here}",)
    first, second = on_device(before.trace, "cuda"), on_device(after.trace, case.stage.device)
    if not first and not second:
        return ("there is no trace of operators",)
    if first == second:
        return (f"{sum(first.values())} operators of {len(first)} kinds ran on the device, the same as before",)
    names = [name for name in sorted({*first, *second}) if first.get(name, 0) != second.get(name, 0)]
    shown = ", ".join(f"{name} {first.get(name, 0)} → {second.get(name, 0)}" for name in names[:8])
    return (f"the operators on the device differ: {shown}",)


def moved(case: Case, before: Answer, after: Answer) -> str:
    """The first line of the port that computes on the CPU what the original computes on the device; "" for none."""
    on_cpu = [_plain(answer.trace.get("host_operators", {})) for answer in (before, after)]
    there = [_plain(on_device(before.trace, "cuda")), _plain(on_device(after.trace, case.stage.device))]
    for row in after.trace.get("places", {}).get("host_compute", ()):
        name = row["what"].partition(".")[0]
        if on_cpu[1][name] > on_cpu[0][name] and there[1][name] < there[0][name] and ":" in row["at"]:
            return f"{row['at']} computes {name} on the CPU, and the original on the device"
    return ""


def _plain(counts: Mapping[str, int]) -> Counter[str]:
    """By name without the overload, of which torch takes another one on CUDA here and there."""
    found: Counter[str] = Counter()
    for name, count in counts.items():
        found[name.partition(".")[0]] += count
    return found


def on_device(trace: Mapping[str, Any], device: str) -> dict[str, int]:
    """How often each operator ran on that kind of device."""
    found: dict[str, int] = {}
    for place, counts in trace.get("operators", {}).items():
        if place.partition(":")[0] == device:
            for name, count in counts.items():
                found[name] = found.get(name, 0) + count
    return found
