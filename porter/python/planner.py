"""The plan of one Python file: triage, parse once, walk once, ask the kinds, gate."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from porter import kinds
from porter.checkout.text import Text, decode
from porter.checkout.walk import Entry
from porter.errors import GuardError, OverlapError, UndecodableError
from porter.findings import Draft, settle, unread
from porter.kinds import import_
from porter.model import FilePlan, Problem, Verdict
from porter.port.splice import apply
from porter.proposal import Proposal
from porter.python import commands
from porter.python.module import Module
from porter.python.remains import remainders
from porter.python.scene import Scene
from porter.python.source import Source

if TYPE_CHECKING:
    from porter.plan import Context

Planned = tuple[FilePlan | None, list[Problem]]


def plan_python(entry: Entry, raw: bytes, context: Context) -> Planned:
    """Findings and edits of a Python file. A file that cannot be understood is a problem, never a stop."""
    try:
        text = decode(raw, entry.path)
    except UndecodableError as error:
        if not context.triage.concerns(raw):
            return None, []
        return unread(
            entry,
            raw,
            context,
            error.line,
            f"It cannot be decoded: {error.reason}.",
            "Save it as UTF-8, or declare its encoding.",
        )
    if not context.triage.concerns(text.data):
        return None, []
    try:
        scene = read_scene(entry.path, text.data, context)
        return _gated(entry, raw, text, scene, propose(scene), context), []
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return unread(entry, raw, context, getattr(error, "lineno", None) or 1, *_unparsed(text.data, error))


def read_scene(path: str, data: bytes, context: Context) -> Scene:
    """Parse and walk a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # upstream's own escapes and comparisons are not ours to warn about
        tree = ast.parse(data.decode("utf-8"))
    source = Source(data)
    lines = [source.line_of(offset) for offset in context.triage.hits(data)]
    module = Module(path, source, tree, lines)
    return Scene(module, context)


def propose(scene: Scene) -> list[Proposal]:
    """Ask every kind; then add the imports that the edits need."""
    made: list[Proposal] = []
    for name, kind in sorted(kinds.modules().items()):
        rules = scene.pack.of(kind.Rule)
        if rules and name != "import":
            made += [_for_target(scene, p) for p in kind.find(scene, rules) if _in_scope(scene, p)]
    made += [_for_target(scene, p) for p in commands.find(scene) if _in_scope(scene, p)]
    imports = scene.pack.of(import_.Rule)
    return made + list(import_.complete(scene, imports, made))


def _for_target(scene: Scene, proposal: Proposal) -> Proposal:
    """Leave alone what upstream wrote for CUDA beside its own code for the target."""
    if not proposal.edits or not any(a <= proposal.start < b for a, b in scene.cuda_spans):
        return proposal
    because = f"It is for CUDA alone: beside it stands upstream's own code for {scene.device!r}."
    return proposal.withheld(because, "Check that the code for the target does what it needs.")


def _in_scope(scene: Scene, proposal: Proposal) -> bool:
    globs = proposal.rule.applies.files
    if not globs:
        return True
    from fnmatch import fnmatch

    return any(fnmatch(scene.module.path, glob) for glob in globs)


def _gated(
    entry: Entry, raw: bytes, text: Text, scene: Scene, proposals: list[Proposal], context: Context
) -> FilePlan | None:
    """The findings of a file, once its edits have proven to fit, to parse, and to leave nothing to do again."""
    drafts = settle(proposals)
    trouble = _trouble(text, drafts, context, scene.module.path)
    if trouble:
        drafts = settle(
            [
                p.withheld(trouble, "Port this place by hand, and report it: porter should not make such edits.")
                if p.edits
                else p
                for p in proposals
            ]
        )
    covered = [(d.start, d.end) for d in drafts] + [(e.start, e.end) for d in drafts for e in d.edits]
    kept = remainders(scene, context.triage.named(text.data), covered)
    return Draft.file_plan(entry, raw, text, drafts, list(kept))


def _trouble(text: Text, drafts: list[Draft], context: Context, path: str) -> str:
    edits = [edit for draft in drafts for edit in draft.edits]
    if not edits:
        return ""
    try:
        ported = apply(text.data, edits)
        text.encode(ported)
        again = propose(read_scene(path, ported, context))
    except (GuardError, OverlapError, UndecodableError) as error:
        return f"The edits of this file do not fit together ({error})."
    except (SyntaxError, ValueError, RecursionError) as error:
        return f"With its edits the file would not parse ({error})."
    left = [p for p in again if p.edits and p.verdict is Verdict.PORTED]
    if left:
        return f"The edits of this file would not settle: {left[0].rule.id} would apply again."
    return ""


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
