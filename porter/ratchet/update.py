"""Brings a baseline up to date: what is gone leaves by itself, what is new needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from porter.checkout.source import Checkout
from porter.drift.match import match
from porter.drift.site import Site, of_plan
from porter.plan import Choice, make_plan
from porter.port.written import explained
from porter.ratchet.baseline import Baseline, counts, render
from porter.report.summary import number


@dataclass(frozen=True, slots=True)
class Update:
    """What became of a baseline."""

    written: bool
    new: tuple[Site, ...]
    said: str


def update(checkout: Checkout, choice: Choice, file: Path, known: Baseline | None, *, accept: bool) -> Update:
    """The baseline as the repository is now; left alone where it would grow and nobody accepted that."""
    plan = make_plan(checkout, choice)
    here = [site for site in of_plan(plan) if counts(site)]
    found = match(known.sites if known is not None else (), here)
    if known is not None and found.new and not accept:
        said = f"{number(len(found.new), 'new place')}, so the baseline stays as it is; --accept allows them."
        return Update(False, found.new, said)
    unfinished = file.with_name(f".{file.name}.porter-tmp")
    with explained(file):
        unfinished.write_bytes(render(choice.target, here))
        unfinished.replace(file)
    gone = f", {len(found.gone)} fewer than before" if found.gone and not found.new else ""
    return Update(True, found.new, f"{file}: {number(len(here), 'place')}{gone}.")
