"""With MindFormers itself."""

from __future__ import annotations

from porter.harness.result import Outcome, Result
from porter.mindspore.verify.levels import Place


def with_mindformers(place: Place) -> list[Result]:
    if "mindformers" not in place.versions:
        said = "The Python with MindSpore has no mindformers; --download makes one that has."
        return [Result("trainer", "the port", Outcome.NOT_APPLICABLE, said)]
    return []
