"""Tells which of the lines that porter or a person wrote ran in no check, so that nobody takes them for tried."""

from __future__ import annotations

from collections.abc import Iterator

from porter.harness.case import Case
from porter.harness.handwork import MEANT
from porter.harness.result import Outcome, Result
from porter.harness.written_lines import Place, edited, ported
from porter.report.summary import number

NAME = "lines"
ORDER = 90
PROVES = "Every line that porter wrote was run by some check, and so was each edit that nobody said is meant."
CANNOT = "Whether a line that ran was tried with all that it can meet."

_WISH = f"and no check that compares ran it; run it with --run, or say in a comment beside it: {MEANT}"
_HOW = "a command that runs them can be given with --run"
_NOT_COMPARED = ("imports", "recipe")  # probes that only look whether something can be done
_SHOWN = 200  # places that the evidence names


def run(case: Case) -> Iterator[Result]:
    """One result for the whole port."""
    stage = case.stage
    if stage.real:
        said = "Which lines run is seen on the simulated device only."
        yield Result(NAME, "the port", Outcome.NOT_APPLICABLE, said)
        return
    untried = [each for each in edited(case) if not _tried(case, each)]
    places = ported(case)
    ran = set().union(*stage.ran.values())
    missed = [place for place in places if not place.in_any(ran)]
    notes = [f"no check ran {place}" for place in missed[:_SHOWN]]
    notes += [f"no check ran {len(missed) - _SHOWN} more places"] if len(missed) > _SHOWN else []
    seen = {"places": len(places), "ran": len(places) - len(missed)}
    if untried:
        wrong = [f"{each} was edited by hand, {_WISH}" for each in untried]
        yield Result(NAME, "the port", Outcome.FAIL, f"{wrong[0]}.", (*wrong[1:], *notes), seen)
    elif missed:
        said = f"{len(missed)} of {number(len(places), 'place')} that porter wrote ran in no check; {_HOW}."
        yield Result(NAME, "the port", Outcome.NOT_APPLICABLE, said, tuple(notes), seen)
    elif places:
        said = f"All {number(len(places), 'place')} that porter wrote in Python ran."
        yield Result(NAME, "the port", Outcome.PASS, said, (), seen)
    else:
        said = "Porter wrote nothing in Python here, and elsewhere nobody can see what runs."
        yield Result(NAME, "the port", Outcome.NOT_APPLICABLE, said)


def _tried(case: Case, edit: Place) -> bool:
    """Whether a check that compares ran an edit; in a file that is not Python nobody can see that."""
    compared = (lines for by, lines in case.stage.ran.items() if by not in _NOT_COMPARED)
    return edit.in_any(set().union(*compared))
