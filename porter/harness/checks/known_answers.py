"""Teaches a tiny model a few answers by heart, saves it, and asks original and port: the exact text must come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from porter.harness.case import Case, told
from porter.harness.comparison import Seen, Trial, compare
from porter.harness.result import Result
from porter.harness.stage import ORIGINAL, Answer

NAME = "known-answers"
ORDER = 58
PROVES = (
    "A checkpoint made with the original answers with the exact text that it was taught, from loading to decoding: "
    "this sees faults that raise nothing."
)
CANNOT = (
    "What a model of real size says; a tokenizer of the repository that needs a file, but for a SentencePiece model."
)

_SECONDS = 60  # at most, for the lessons


def run(case: Case) -> Iterator[Result]:
    """One result for each model that can say something."""
    yield from compare(case, Trial(NAME, "known_answers", _judge, bounded=False, ask=_ask))


def _ask(case: Case, probe: str, order: dict[str, Any]) -> tuple[Answer, Answer]:
    made = tiny_model(case, order)
    if "answers" not in made.data:
        return made, made
    told_both = {**order, "folder": _folder(case, order), "buffers": made.data["buffers"]}
    before, after = case.both(probe, told_both)
    return Answer(before.ended, {**before.data, "made": made.data}, before.trace), after


def tiny_model(case: Case, order: Mapping[str, Any]) -> Answer:
    """A checkpoint folder in the scratch folder, made by the original on simulated CUDA."""
    seconds = min(_SECONDS, case.stage.limits.seconds * 0.6)
    code = [source.file for source in case.sources if source.name in (order["module"], order["config_module"])]
    whole = {**order, "folder": _folder(case, order), "seconds": seconds, "code": code}
    return case.stage.probe(ORIGINAL, "tiny_model", whole)


def _folder(case: Case, order: Mapping[str, Any]) -> str:
    return str(case.stage.scratch / "tiny-models" / f"{order['module']}.{order['class']}")


def _judge(case: Case, before: Answer, after: Answer) -> Seen:
    wanted, said = before.data["made"]["answers"], []
    notes = [note for note in before.data["made"]["notes"] if note not in after.data["notes"]]
    for way, one in before.data["said"].items():
        two = after.data["said"].get(way, {})
        if "fault" in one:
            notes.append(f"the original does not {way}: {told(one['fault'])}")
        elif "fault" in two:
            gap = case.gap(two["fault"]["message"])
            if not gap:
                return Seen(f"{way}: {told(two['fault'])}", notes=tuple(notes))
            notes.append(f"{way} was not tried: {gap}")
        elif two != wanted and one != wanted:
            notes.append(f"with {way} {_missed(one, wanted)}{_buffers(before)}")
        elif two != wanted:
            return Seen(f"With {way} {_missed(two, wanted)}{_buffers(after)}.", notes=tuple(notes))
        else:
            said.append(way)
            notes += [f"with {way} only the port says it: {_missed(one, wanted)}"] if one != wanted else []
    if not said:
        return Seen(why="; ".join(notes) or "it says nothing.")
    data = {"answers": wanted, "ways": said}
    steps = before.data["made"]["steps"]
    right = f"{len(wanted)} answers learned in {steps} steps come back word for word from {' and '.join(said)}."
    return Seen(right=right, data=data, notes=tuple(notes))


def _missed(said: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """The first answer that is wrong."""
    question = next(question for question in wanted if said.get(question) != wanted[question])
    return f"it answers {said.get(question, '')[:60]!r} to {question!r}, and was taught {wanted[question]!r}"


def _buffers(answer: Answer) -> str:
    changed = answer.data["buffers"]
    if not changed:
        return ""
    return f"; loading left {len(changed)} buffers other than they were, such as {changed[0]}"
