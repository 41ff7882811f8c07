"""Tells what was edited since porter wrote the port; a line that porter itself wrote must stand as it was written."""

from __future__ import annotations

from collections.abc import Iterator

from porter.harness.case import Case
from porter.harness.handwork import Change
from porter.harness.result import Outcome, Result
from porter.own import as_written
from porter.report.summary import number

NAME = "edits"
ORDER = 12
PROVES = "What porter wrote stands as it was written; every other edit is listed."
CANNOT = "Whether an edit by hand is right: the other checks tell what it does."

_FOREIGN = (
    "is as porter.lock has it, and that does not come back from this original: --original is another checkout than "
    "the port was made from, or the lock was edited"
)


def run(case: Case) -> Iterator[Result]:
    """One result for the whole port."""
    work = case.handwork
    wrong = [f"{path} is missing" for path in work.gone]
    wrong += [f"{path} {_FOREIGN}" for path in work.foreign]
    wrong += [
        f"{each.place} porter wrote `{each.wrote[:120]}`, and now {each.shown}" for each in work.changes if _lost(each)
    ]
    notes = [_told(each) for each in work.changes if not _lost(each)]
    notes += [
        f"{path} was edited, and what porter wrote there does not come back from that original" for path in work.unknown
    ]
    notes += [f"{path}, which porter wrote beside the repository's files, was edited" for path in _own(case)]
    if wrong:
        yield Result(NAME, "the port", Outcome.FAIL, f"{wrong[0]}.", (*wrong[1:], *notes))
    elif work.unknown:
        edited = f"{number(len(work.unknown), 'file')} edited since, such as {work.unknown[0]}"
        said = f"{edited}; --original, with the checkout that the port was made from, tells which lines."
        yield Result(NAME, "the port", Outcome.REFERENCE, said, tuple(notes))
    elif work.changes:
        edited = f"{number(len({each.file for each in work.changes}), 'file')} edited by hand since"
        said = f"{edited}; no line that porter wrote was changed unsaid."
        yield Result(NAME, "the port", Outcome.PASS, said, tuple(notes))
    else:
        said = f"All {number(len(case.lock.files), 'file')} that porter changed are as it wrote them."
        yield Result(NAME, "the port", Outcome.PASS, said, tuple(notes))


def _lost(change: Change) -> bool:
    return change.owned and not change.said


def _told(change: Change) -> str:
    said = f", {change.said}" if change.said else ""
    stood = f", instead of `{change.wrote[:120]}`" if change.wrote else ""
    return f"{change.place} was edited by hand{said}: {change.shown}{stood}"


def _own(case: Case) -> list[str]:
    return sorted(path for path, wanted in case.lock.own.items() if not as_written(case.stage.port / path, wanted))
