"""The plan of one file that is no Python: triage, read, settle, gate, and an account of every word that stays."""

from __future__ import annotations

import importlib
import pkgutil
from fnmatch import fnmatch
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from porter.artefacts.account import remainders
from porter.artefacts.page import Page, Reading, UnreadableError, inside
from porter.checkout.text import Text, decode
from porter.checkout.walk import Entry
from porter.errors import GuardError, OverlapError, UndecodableError
from porter.findings import Draft, settle, unread
from porter.kinds import text as text_kind
from porter.model import FilePlan, Problem, Verdict
from porter.proposal import Proposal
from porter.splice import apply

if TYPE_CHECKING:
    from porter.context import Context

Planned = tuple[FilePlan | None, list[Problem]]
_BY_HAND = "Port this place by hand, and report it: porter should not make such edits."


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every artefact of the folder."""
    package = __name__.rpartition(".")[0]
    folder = importlib.import_module(package).__path__
    found = (importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(folder))
    return tuple(module for module in found if hasattr(module, "concerns"))


def plan_artefact(entry: Entry, raw: bytes, context: Context) -> Planned:
    """Findings and edits of a file that is no Python. A file that cannot be understood is a problem, never a stop."""
    chosen = [module for module in modules() if module.concerns(entry)]
    try:
        text = decode(raw, entry.path)
    except UndecodableError as error:
        return unread(entry, raw, context, error.line, f"It cannot be decoded: {error.reason}.", "Save it as UTF-8.")
    page = Page(entry, text.data, context)
    if not _wanted(page, chosen):
        return None, []
    try:
        reading = _read(page, chosen)
    except UnreadableError as error:
        return unread(entry, text.data, context, error.line, error.reason, error.advice)
    except RecursionError:
        return unread(entry, text.data, context, 1, "It is nested too deeply.", "Port the lines below by hand.")
    problems = [Problem(entry.path, page.source.line_of(at), why, advice) for at, why, advice in reading.troubles]
    return _gated(page, raw, text, reading, chosen), problems


def _wanted(page: Page, chosen: list[ModuleType]) -> bool:
    """Whether the file can hold a site: by a word of the triage, an artefact's own test, or a rule on lines of text."""
    return (
        page.context.triage.touches(page.data)
        or any(module.wants(page.data) for module in chosen if hasattr(module, "wants"))
        or any(text_kind.expression(rule.match).search(page.data) for rule in page.line_rules)
    )


def _read(page: Page, chosen: list[ModuleType]) -> Reading:
    """Ask every artefact that is for the file, then the rules on lines of text."""
    reading = Reading()
    for module in chosen:
        reading.add(module.read(page))
    for site in text_kind.find_text(page.data, page.line_rules):
        stay = inside(site.start, reading.stays)
        spoken_for = any(a <= site.start < b for a, b in reading.covers)
        if (stay is None or stay.rules) and not spoken_for:
            reading.sites.append(site)
    reading.sites = [site for site in reading.sites if _in_scope(page, site)]
    return reading if page.entry.kind == "notebook" else page.neutral(reading)


def _in_scope(page: Page, site: Proposal) -> bool:
    globs = site.rule.applies.files
    return not globs or any(fnmatch(page.path, glob) for glob in globs)


def _gated(page: Page, raw: bytes, text: Text, reading: Reading, chosen: list[ModuleType]) -> FilePlan | None:
    """The findings of a file, once its edits have proven to fit, to parse, and to leave nothing to do again."""
    drafts = settle(reading.sites)
    trouble = _trouble(page, text, drafts, reading.flaws, chosen)
    if trouble:
        drafts = settle([site.withheld(trouble, _BY_HAND) if site.edits else site for site in reading.sites])
    covered = [(d.start, d.end) for d in drafts] + [(e.start, e.end) for d in drafts for e in d.edits] + reading.covers
    kept = remainders(page, covered, reading.stays)
    return Draft.file_plan(page.entry, raw, text, drafts, kept, reading.covers)


def _trouble(page: Page, text: Text, drafts: list[Draft], flaws: int, chosen: list[ModuleType]) -> str:
    edits = [edit for draft in drafts for edit in draft.edits]
    if not edits:
        return ""
    try:
        ported = apply(text.data, edits)
        text.encode(ported)
        again = _read(page.part(ported), chosen)
    except (OverlapError, GuardError, UndecodableError) as error:
        return f"The edits of this file do not fit together ({error})."
    except UnreadableError as error:
        return f"With its edits the file would not parse ({error})."
    if again.flaws > flaws:
        return "With its edits the file would not parse."
    left = next((site for site in again.sites if site.changes and site.verdict is Verdict.PORTED), None)
    return f"The edits of this file would not settle: {left.rule.id} would apply again." if left else ""
