"""Commands: strings of a Python file that a shell will run, read as the shell would."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.checkout.walk import Entry
from porter.proposal import Proposal
from porter.python.dotted import last_name
from porter.python.prose import is_message
from porter.python.scene import Scene

_RUNS = frozenset(
    {"system", "run", "Popen", "call", "check_call", "check_output", "popen", "getoutput", "spawn", "split"}
)
_COMMAND = re.compile(
    rb"\s*(env\s+|export\s+)?([A-Z][A-Z0-9_]*=\S*\s+)*"
    rb"(\S*python[\d.]*|torchrun|accelerate|deepspeed|bash|sh|srun|mpirun|nohup|docker)\s+\S"
)
# `VAR=value program --option`: nothing else looks like that.
_PREFIXED = re.compile(rb"\s*(?:[A-Z][A-Z0-9_]*=\S*\s+)+[a-z]\S*\s(?:.*\s)?--?[a-z]", re.DOTALL)
_OPENING = re.compile(rb"[rRbBuUfF]{0,2}(\"\"\"|'''|\"|')")


def find(scene: Scene) -> Iterator[Proposal]:
    """The sites inside the commands of a file."""
    source = scene.module.source
    for node in scene.module.strings:
        raw = source.text(node)
        opening = _OPENING.match(raw)
        if opening is None or isinstance(scene.module.parents.get(node), (ast.JoinedStr, ast.Expr)):
            continue
        body = raw[opening.end() : len(raw) - len(opening[1])]
        if is_command(scene, node, body):
            yield from _read(scene, body, source.start(node) + opening.end())


def is_command(scene: Scene, node: ast.expr, body: bytes) -> bool:
    """Whether a string is run: by what it is handed to, or since it reads like nothing else."""
    if is_message(scene.module, node) is not None:
        return False
    parent = scene.module.parents.get(node)
    if isinstance(parent, ast.Call) and last_name(parent) in _RUNS:
        return b" " in body.strip()
    return _COMMAND.match(body) is not None or _PREFIXED.match(body) is not None


def _read(scene: Scene, body: bytes, start: int) -> Iterator[Proposal]:
    from porter.artefacts import shell  # tree-sitter is loaded only for a file that has commands
    from porter.artefacts.page import Page

    entry = Entry(scene.module.path, "shell", len(body), False, 0o644, True)
    reading = shell.read(Page(entry, body, scene.context)).moved(lambda at: start + at)
    for site in reading.sites:
        if site.edits and reading.flaws and b"=" not in body[site.end - start : site.end - start + 1]:
            yield site.withheld(
                "It stands in a command that the shell's grammar does not quite cover.", "Change it by hand."
            )
        else:
            yield site
