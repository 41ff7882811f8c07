"""Python code inside another file's text: read by the rules for Python, and changed where the change is safe there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from porter.artefacts.page import Page, Reading, Stay
from porter.errors import GuardError, OverlapError
from porter.model import Edit
from porter.proposal import Proposal
from porter.splice import apply

if TYPE_CHECKING:
    from porter.python.scene import Scene

_BECAUSE = "It is Python code inside {where}, which porter reads but does not change: {reason}."
_ADVICE = "Make the same change here by hand, or move the code into a file of its own."
_INDENTED = b"if 1:\n"  # in front of code that is indented as a whole, such as that of `<<-` or of a YAML block


@dataclass(frozen=True)
class Host:
    """The text around a piece of code."""

    where: str
    lines: bool = True  # a line of its own may be put in
    quoted: bool = True  # quotes of the code would end it
    frozen: str = ""  # why its bytes are not what Python gets to see


def python(page: Page, start: int, end: int, host: Host) -> Reading:
    """The sites of a span of Python text."""
    from porter.python.reading import propose

    text = page.data[start:end]
    reading = Reading(stays=[Stay(start, end, f"Python code inside {host.where}")])
    if not page.context.triage.concerns(text):
        return reading
    read = _scene(page, text)
    if read is None:
        reason = f"The Python code inside {host.where} does not parse as it stands here."
        reading.troubles.append((start, reason, "Port the code by hand."))
        return reading
    scene, shift = read
    sites = [_moved(site, -shift) for site in propose(scene)]
    reading.add(Reading(sites=list(_judged(sites, text, host, shift))).shifted(start))
    return reading


def _scene(page: Page, text: bytes) -> tuple[Scene, int] | None:
    """The code, read, and by how many bytes its offsets are too large."""
    from porter.python.reading import read_scene

    for prefix in (b"", _INDENTED):
        try:
            return read_scene(page.path, prefix + text, page.context), len(prefix)
        except (SyntaxError, ValueError, RecursionError):
            continue
    return None


def _moved(site: Proposal, by: int) -> Proposal:
    edits = tuple(Edit(e.start + by, e.end + by, e.new, e.expected) for e in site.edits)
    return replace(site, start=site.start + by, end=site.end + by, edits=edits)


def _judged(sites: list[Proposal], text: bytes, host: Host, shift: int) -> Iterator[Proposal]:
    """All edits of the code or none, since the import and the changes belong together."""
    if not any(site.edits for site in sites):
        yield from sites
        return
    fitted = [replace(site, edits=tuple(_in_line(edit, text) for edit in site.edits)) for site in sites]
    reason = host.frozen or _unfit(fitted, text, host, shift)
    if not reason:
        yield from fitted
        return
    for site in sites:
        if site.end > site.start:  # an import that nothing needs any more is no site
            advice = site.advice or site.rule.advice or _ADVICE
            yield site.withheld(_BECAUSE.format(where=host.where, reason=reason), advice) if site.edits else site


def _in_line(edit: Edit, text: bytes) -> Edit:
    """Code in one line stays in one line: an import of its own line becomes a statement beside the others."""
    if b"\n" in text.strip(b"\r\n") or b"\n" not in edit.new:
        return edit
    bare = edit.new.strip(b"\r\n")
    first = not text[: edit.start].strip()
    return replace(edit, new=bare + b"; " if first else b"; " + bare)


def _unfit(sites: list[Proposal], text: bytes, host: Host, shift: int) -> str:
    """Why the edits may not be made; empty when they may."""
    edits = [edit for site in sites for edit in site.edits]
    new = b"".join(edit.new for edit in edits)
    if not host.lines and b"\n" in new:
        return "it would need a line of its own"
    if re.search(rb"[\"'`$\\]" if host.quoted else rb"[`$\\]", new):
        return "what it would become has a quote or a sign that the shell takes for its own"
    try:
        ast.parse((_INDENTED if shift else b"") + apply(text, edits))
    except (SyntaxError, ValueError, GuardError, OverlapError):
        return "the changed code would not parse"
    return ""
