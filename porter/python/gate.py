"""The gate: edits must fit together, leave a file that parses, and leave nothing that a rule would do again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from porter.checkout.text import Text
from porter.errors import GuardError, OverlapError, UndecodableError
from porter.model import Edit, Verdict
from porter.python.reading import propose, read_scene
from porter.python.scene import Scene
from porter.python.source import Source
from porter.splice import apply


def trouble(scene: Scene, text: Text, edits: list[Edit]) -> str:
    """Why the edits of a file must not be made; empty when they may."""
    if not edits:
        return ""
    try:
        ported = apply(text.data, edits)
        text.encode(ported)
        for block in _edited_blocks(scene, edits):
            ast.parse(block.decode("utf-8"))
        return _again(scene, ported, edits)
    except (GuardError, OverlapError, UndecodableError) as error:
        return f"The edits of this file do not fit together ({error})."
    except (SyntaxError, ValueError, RecursionError) as error:
        return f"With its edits the file would not parse ({error})."


def _edited_blocks(scene: Scene, edits: list[Edit]) -> Iterator[bytes]:
    """The top-level statements that an edit reaches, as they will be: a file parses when each of them does."""
    source, body = scene.module.source, scene.module.tree.body
    starts = sorted({source.line_start(min([s.lineno, *(d.lineno for d in _decorators(s))])) for s in body})
    bounds = [0, *starts[1:], len(source.data)]
    for start, end in pairwise(bounds):
        inside = [
            Edit(e.start - start, e.end - start, e.new, e.expected) for e in edits if start <= e.start and e.end <= end
        ]
        if inside:
            yield apply(source.data[start:end], inside)
    if any(not any(a <= e.start and e.end <= b for a, b in pairwise(bounds)) for e in edits):
        yield apply(source.data, edits)  # an edit across statements: nothing less than the whole will do


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    return getattr(statement, "decorator_list", [])


def _again(scene: Scene, ported: bytes, edits: list[Edit]) -> str:
    """What a second reading would still do. Where no edited line has a trigger word left, nothing can."""
    source = Source(ported)
    lines = _edited_lines(source, edits)
    if not scene.context.triage.touches(b"".join(source.line_text(line) for line in sorted(lines))):
        return ""
    made = propose(read_scene(scene.module.path, ported, scene.context, only=lines))
    left = next((p for p in made if p.changes and p.verdict is Verdict.PORTED), None)
    return f"The edits of this file would not settle: {left.rule.id} would apply again." if left else ""


def _edited_lines(source: Source, edits: list[Edit]) -> frozenset[int]:
    """The lines of the ported text that an edit reached: on the others stands what was judged before."""
    moved, lines = 0, set[int]()
    for edit in sorted(set(edits), key=lambda e: (e.start, e.end)):
        start = edit.start + moved
        moved += len(edit.new) - (edit.end - edit.start)
        lines.update(range(source.line_of(start), source.line_of(edit.end + moved) + 1))
    return frozenset(lines)
