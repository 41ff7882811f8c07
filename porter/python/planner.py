"""The plan of one Python file that triage let through: decode, read, gate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from porter.checkout.text import Text, decode
from porter.checkout.walk import Entry
from porter.errors import UndecodableError
from porter.findings import Draft, settle, unread
from porter.model import FilePlan, Problem
from porter.options.defined import defined, imported
from porter.proposal import Proposal
from porter.python.gate import trouble
from porter.python.reading import propose, read_scene
from porter.python.remains import remainders
from porter.python.scene import Scene

if TYPE_CHECKING:
    from porter.context import Context

_BY_HAND = "Port this place by hand, and report it: porter should not make such edits."

Planned = tuple[FilePlan | None, list[Problem]]


def plan_python(entry: Entry, raw: bytes, context: Context) -> Planned:
    """Findings and edits of a Python file. A file that cannot be understood is a problem, never a stop."""
    try:
        text = decode(raw, entry.path)
    except UndecodableError as error:
        if not context.triage.concerns(raw):
            return None, []
        context.options.unread(entry.path)
        return unread(
            entry,
            raw,
            context,
            error.line,
            f"It cannot be decoded: {error.reason}.",
            "Save it as UTF-8, or declare its encoding.",
        )
    try:
        scene = read_scene(entry.path, text.data, context)
        return _gated(entry, raw, text, scene, propose(scene), context), []
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        context.options.unread(entry.path)
        return unread(entry, raw, context, getattr(error, "lineno", None) or 1, *_unparsed(text.data, error))


def _gated(
    entry: Entry, raw: bytes, text: Text, scene: Scene, proposals: list[Proposal], context: Context
) -> FilePlan | None:
    """The findings of a file, once its edits have proven to fit, to parse, and to leave nothing to do again."""
    drafts = settle(proposals)
    reason = trouble(scene, text, [edit for draft in drafts for edit in draft.edits])
    if reason:
        drafts = settle([p.withheld(reason, _BY_HAND) if p.edits else p for p in proposals])
    edits = [edit for draft in drafts for edit in draft.edits]
    context.options.learn(entry.path, defined(scene, edits), imported(scene))
    covered = [(d.start, d.end) for d in drafts] + [(e.start, e.end) for d in drafts for e in d.edits]
    kept = remainders(scene, context.triage.named(text.data), covered)
    return Draft.file_plan(entry, raw, text, drafts, list(kept))


def _unparsed(data: bytes, error: Exception) -> tuple[str, str]:
    """Why a file could not be parsed. LibCST is asked too, since its grammar may be newer than this Python's."""
    if b"\0" in data:
        return (
            "It contains a NUL byte, which no Python source may.",
            "Find out what the file is, and take the byte out.",
        )
    if not isinstance(error, SyntaxError):
        return "It is nested too deeply to be read.", "It looks like data; if it is code, break the expression up."
    if not _is_newer(data):
        reason = f"It is not valid Python 3: {error.msg} (line {error.lineno})."
        return reason, "If it is Python 2, bring it to Python 3 first; else port the lines below by hand."
    import sys

    here = ".".join(map(str, sys.version_info[:2]))
    return (
        f"Python {here}, which runs porter, cannot parse it, but it is valid Python.",
        "Run porter with a newer Python.",
    )


def _is_newer(data: bytes) -> bool:
    """Whether LibCST can read what this Python cannot."""
    if _is_deep(data):
        return False
    import libcst

    try:
        libcst.parse_module(data)
    except Exception:
        return False
    return True


def _is_deep(data: bytes) -> bool:
    """Whether LibCST's parser, which is native, could overflow its stack: no source of a person's is like that."""
    depth = deepest = 0
    for bracket in re.findall(rb"[(\[{]|[)\]}]", data):
        depth += 1 if bracket in b"([{" else -1
        deepest = max(deepest, depth)
    return deepest > 100 or re.search(rb"[^\n]{5000}", data) is not None
