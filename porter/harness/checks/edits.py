"""Tells what was edited since porter wrote the port; a line that porter itself wrote must stand as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from porter.harness.case import Case
from porter.harness.replan import plan_of
from porter.harness.result import Outcome, Result
from porter.lock import digest
from porter.model import FilePlan, Verdict
from porter.own import as_written
from porter.report.summary import number

NAME = "edits"
ORDER = 12
PROVES = "What porter wrote stands as it was written; every other edit is listed."
CANNOT = "Whether an edit by hand is right: the other checks tell what it does."

MEANT = "porter: meant"  # in a comment on the line, or on a line beside it: the person knows


def run(case: Case) -> Iterator[Result]:
    """One result for the whole port."""
    edited = sorted(path for path, wanted in case.lock.files.items() if not as_written(case.stage.port / path, wanted))
    others = _others(case)
    if not edited:
        said = f"All {number(len(case.lock.files), 'file')} that porter changed are as it wrote them."
        yield Result(NAME, "the port", Outcome.PASS, said, tuple(others))
        return
    if case.stage.original is None:
        said = f"{number(len(edited), 'file')} edited since, such as {edited[0]}; --original tells which lines."
        yield Result(NAME, "the port", Outcome.REFERENCE, said, tuple(others))
        return
    yield _judged(case, edited, others)


def _judged(case: Case, edited: list[str], others: list[str]) -> Result:
    plans = {file.path: file for file in plan_of(case.stage.original or case.stage.port, case.lock).files}
    undone: list[str] = []
    notes: list[str] = []
    for path in edited:
        if path not in plans or digest(plans[path].ported) != case.lock.files[path]:
            notes.append(f"{path} was edited; this porter, or that original, gives another port of it to compare with")
        elif not (case.stage.port / path).is_file():
            undone.append(f"{path} is missing")
        else:
            own, by_hand = _edits(plans[path], (case.stage.port / path).read_bytes())
            undone += own
            notes += by_hand
    if undone:
        return Result(NAME, "the port", Outcome.FAIL, f"{undone[0]}.", (*undone[1:], *notes, *others))
    said = f"{number(len(edited), 'file')} edited by hand since; no line that porter wrote was changed unsaid."
    return Result(NAME, "the port", Outcome.PASS, said, (*notes, *others))


def _edits(plan: FilePlan, now: bytes) -> tuple[list[str], list[str]]:
    """The edits of a file: those of porter's own lines, and the others."""
    before, wrote, after = (_lines(text) for text in (plan.original, plan.ported, now))
    owned = _owned(plan, before, wrote)
    own, others = [], []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, wrote, after, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        place = f"{plan.path}:{min(j + 1, len(after))}"
        line = next((n for n in range(i, i_end) if n in owned), None)
        said = any(MEANT in text for text in after[max(0, j - 1) : j_end + 1])
        if line is None or said:
            others.append(
                f"{place} was edited by hand{', as its comment says' if said else ''}: {_now(after[j:j_end])}"
            )
        else:
            own.append(f"{place} porter wrote `{wrote[line].strip()[:120]}`, and now {_now(after[j:j_end])}")
    return own, others


def _owned(plan: FilePlan, before: list[str], wrote: list[str]) -> set[int]:
    """The lines that porter wrote and asked nobody to look at."""
    asked = {f.line - 1 for f in plan.findings if f.verdict in (Verdict.MANUAL, Verdict.REVIEW)}
    owned: set[int] = set()
    for kind, i, i_end, j, j_end in SequenceMatcher(None, before, wrote, autojunk=False).get_opcodes():
        if kind != "equal" and asked.isdisjoint(range(i, i_end)):
            owned.update(range(j, j_end))
    return {line for line in owned if wrote[line].strip()}


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").splitlines()


def _now(lines: list[str]) -> str:
    shown = next((line.strip() for line in lines if line.strip()), "")
    return f"`{shown[:120]}` stands there" if shown else "nothing stands there"


def _others(case: Case) -> list[str]:
    """Files that porter copied and somebody changed."""
    tree = {path: wanted for path, wanted in case.lock.tree.items() if path not in case.lock.files}
    root = case.stage.port
    changed = [p for p, wanted in sorted(tree.items()) if wanted[:5] != "link:" and not as_written(root / p, wanted)]
    return [f"{path}, which porter did not change, was edited by hand or is missing" for path in changed]
