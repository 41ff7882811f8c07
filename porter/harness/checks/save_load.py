"""Saves each model on the device and loads it again, and loads into the port what the original saved on CUDA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import ORIGINAL, PORT, Answer

NAME = "save-load"
ORDER = 55
PROVES = (
    "A checkpoint that the device saved comes back equal to the bit, on the CPU and on the device; one that the "
    "original saved on CUDA loads into the port."
)
CANNOT = "The repository's own code that saves and loads: give that with --run; checkpoints of real size."


def run(case: Case) -> Iterator[Result]:
    """One result for each model."""
    yield from compare(case, Trial(NAME, "save_load", _judge, counted=False, bounded=False, ask=_ask))


def _ask(case: Case, probe: str, order: dict[str, Any]) -> tuple[Answer, Answer]:
    """One after the other: the port loads what the original saved."""
    places = {side: case.stage.scratch / "checkpoints" / side / order["class"] for side in (ORIGINAL, PORT)}
    before = case.stage.probe(ORIGINAL, probe, {**order, "folder": str(places[ORIGINAL])})
    if "loaded" not in before.data:
        return before, before
    others = {"other": str(places[ORIGINAL])} if case.stage.on_cuda else {}  # else the port saved it, on the CPU
    told_port = {**order, "folder": str(places[PORT]), **others}
    return before, case.stage.probe(PORT, probe, told_port)


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    one, two = before.data, after.data
    notes, said = [], []
    if one["saved"] == one["fresh"]:
        return Seen(why="the model has no weights.")
    if one["saved"] != two["saved"]:
        return Seen("Before anything was saved the weights differ: the port is built or initialised otherwise.")
    for way, loaded in two["loaded"].items():
        known = one["loaded"].get(way, {"weights": one["saved"]})
        if "fault" in known:
            notes.append(f"the original does not do {way}: {told(known['fault'])}")
        elif "fault" in loaded:
            gap = case.gap(loaded["fault"]["message"])
            if not gap:
                return Seen(f"{way}: {told(loaded['fault'])}", notes=tuple(notes))
            notes.append(f"{way} was not tried: {gap}")
        elif loaded["weights"] != known["weights"]:
            return Seen(f"{way}: the weights that come back are not those that were saved.", notes=tuple(notes))
        else:
            said.append(way)
    if not said:
        return Seen(why="; ".join(notes))
    right = f"{len(said)} ways of loading give the same weights: {'; '.join(said)}."
    return Seen(right=right, data={"ways": said}, notes=tuple(notes))
