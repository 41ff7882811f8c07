"""Checks a repository against its baseline, or a branch against where it left: a new place is an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from porter.checkout.source import Checkout
from porter.drift import compare
from porter.drift.entry import Drift, Entry, Kind, Level, ordered
from porter.drift.match import Match, match
from porter.drift.site import Site, of_plan
from porter.plan import Choice, lay_out, make_plan, patient_collector
from porter.ratchet import since as branch
from porter.ratchet.baseline import Baseline, counts


def against(checkout: Checkout, choice: Choice, baseline: Baseline, cache: Path | None) -> Drift:
    """All places of the repository against those of its baseline."""
    plan = make_plan(checkout, choice, cache=cache)
    old, new = baseline.sites, [site for site in of_plan(plan) if counts(site)]
    found = match(old, new)
    entries = [*_entries(found), *compare.unread((), plan.problems)]
    return _drift(checkout, plan.target.name, "the baseline", entries, old, new, plan.notes)


def since(checkout: Checkout, choice: Choice, revision: str, baseline: Baseline | None, cache: Path | None) -> Drift:
    """The places of the files that a branch changed, against those that they had; a baseline may allow more."""
    from porter.cache.memory import Memory

    change = branch.changed(checkout.root, revision)
    memory = Memory(cache, checkout.root, choice) if cache is not None else None
    with patient_collector():
        desk = lay_out(checkout, choice, memory)
        before, after = branch.before(desk, change), branch.after(desk, change)
    if memory is not None:
        memory.save()
    old, new = [s for s in before.sites if counts(s)], [s for s in after.sites if counts(s)]
    found = match(old, new)
    if baseline is not None:  # what a person allowed there is no news, even where the branch brought it
        allowed = match(baseline.sites, found.new)
        found = replace(found, new=allowed.new)
    entries = [*_entries(found), *compare.unread(before.problems, after.problems)]
    return _drift(checkout, desk.context.target.name, change.commit, entries, old, new, ())


def _entries(found: Match) -> list[Entry]:
    listed = list(compare.entries(found, safe=Level.ERROR))
    return [_stern(entry) for entry in listed]


def _stern(entry: Entry) -> Entry:
    """What is new fails, whoever would port it; what only moved, changed its words or went is said."""
    if entry.kind in (Kind.NEW, Kind.LACKING) and not entry.was:
        return replace(entry, level=Level.ERROR, why=f"A new place that touches CUDA. {entry.why}")
    if entry.kind is Kind.GONE:
        return replace(entry, level=Level.NOTE, why="It is gone; `porter baseline` takes it out of the baseline.")
    return replace(entry, level=Level.NOTE)


def _drift(
    checkout: Checkout,
    target: str,
    before: str,
    entries: list[Entry],
    old: Iterable[Site],
    new: Iterable[Site],
    notes: tuple[str, ...],
) -> Drift:
    told = compare.counted(old, new)
    return Drift(checkout.origin.name, target, before, "now", ordered(entries), told, notes)
