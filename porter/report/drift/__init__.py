"""The report of a drift: one file per output format, `as_<name>.py`, found by the folder."""

from __future__ import annotations

from porter.drift.entry import Drift, Kind, Level
from porter.report import found_in, module_of
from porter.report.summary import number


def formats() -> list[str]:
    """The names of the formats that porter can write."""
    return found_in(__path__)


def render(drift: Drift, form: str) -> str:
    """The report of a drift in one format."""
    text: str = module_of(form, __name__, __path__).render(drift)
    return text


def headline(drift: Drift) -> str:
    """The drift in a sentence."""
    errors = sum(entry.level is Level.ERROR for entry in drift.entries)
    warnings = sum(entry.level is Level.WARNING for entry in drift.entries)
    notes = len(drift.entries) - errors - warnings
    if not drift.entries:
        return "Nothing new."
    if not errors and not warnings:
        return f"Nothing for a person: {number(notes, 'note')}."
    parts = [number(errors, "error")] if errors else []
    parts += [f"{number(warnings, 'thing')} for a person"] if warnings else []
    said = " and ".join(parts) + (f", {number(notes, 'note')}" if notes else "")
    return f"{said[0].upper()}{said[1:]}."


def between(drift: Drift) -> str:
    """From what to what."""
    before, after = (_short(each) for each in (drift.before, drift.after))
    return f"{before} → {after}" if before and after else after or before


def kinds(drift: Drift) -> list[tuple[Kind, int]]:
    """How many entries there are of each kind that occurs."""
    return [(kind, len(drift.of(kind))) for kind in Kind if drift.of(kind)]


def _short(revision: str) -> str:
    return revision[:12] if len(revision) == 40 and revision.isalnum() else revision
