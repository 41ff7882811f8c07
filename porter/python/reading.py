"""Reading a Python file: parse once, walk once, ask the kinds."""

from __future__ import annotations

import ast
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from porter import kinds
from porter.kinds import import_
from porter.model import Verdict
from porter.proposal import Proposal
from porter.python import commands
from porter.python.module import Module
from porter.python.scene import Scene
from porter.python.source import Source

if TYPE_CHECKING:
    from porter.context import Context


def is_manifest(path: str) -> bool:
    """Whether a file declares requirements: those stand there without any word of an accelerator."""
    return path.rpartition("/")[2] == "setup.py"


def read_scene(path: str, data: bytes, context: Context, only: frozenset[int] | None = None) -> Scene:
    """Parse and walk a file; `only` these lines, where the others are known already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # upstream's own escapes and comparisons are not ours to warn about
        tree = ast.parse(data.decode("utf-8"))
    source = Source(data)
    lines = {source.line_of(offset) for offset in context.triage.hits(data)}
    if is_manifest(path):
        lines |= set(range(1, source.line_count + 1))
    lines = lines if only is None else lines & only
    module = Module(path, source, tree, lines)
    return Scene(module, context)


def propose(scene: Scene) -> list[Proposal]:
    """Ask every kind; then add the imports that the edits need."""
    made: list[Proposal] = []
    for name, kind in sorted(kinds.modules().items()):
        rules = scene.pack.of(kind.Rule)
        if rules and name != "import":
            made += [_for_target(scene, p) for p in kind.find(scene, rules) if _in_scope(scene, p)]
    typed = [_for_target(scene, p) for p in commands.find(scene) if _in_scope(scene, p)]
    style = scene.context.style
    if style is not None:
        made = [style.neutral(p, scene.pack, typed=is_manifest(scene.module.path)) for p in made]
        typed = [style.neutral(p, scene.pack, typed=True) for p in typed]
    made += typed
    imports = scene.pack.of(import_.Rule)
    return made + list(import_.complete(scene, imports, made))


def _for_target(scene: Scene, proposal: Proposal) -> Proposal:
    """Leave alone what upstream wrote for CUDA beside its own code for the target."""
    if scene.other_file:
        return replace(proposal, verdict=Verdict.KEPT, edits=(), because=scene.other_file, advice="", runs=False)
    if proposal.verdict is Verdict.MANUAL:
        return replace(proposal, edits=())
    beside = (device for start, end, device in scene.cuda_spans if start <= proposal.start < end)
    device = next(beside, None) if proposal.edits else None
    if device is None:
        return proposal
    because = f"It is for CUDA alone: beside it stands upstream's own code for {device!r}."
    return proposal.withheld(because, "Check that the code for the target does what it needs.")


def _in_scope(scene: Scene, proposal: Proposal) -> bool:
    applies = proposal.rule.applies
    if applies.without and not scene.packages.isdisjoint(applies.without):
        return False
    globs = applies.files
    if not globs:
        return True
    from fnmatch import fnmatch

    return any(fnmatch(scene.module.path, glob) for glob in globs)
