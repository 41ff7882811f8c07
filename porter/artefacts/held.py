"""Command lines, and parts of them, that a variable holds until a command gets it: `CMD="A=1 python x.py"`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from porter.artefacts import words
from porter.artefacts.command import Command
from porter.artefacts.flows import READ, command_of
from porter.model import Verdict
from porter.proposal import Proposal

if TYPE_CHECKING:
    from tree_sitter import Node

# A text that begins as a command line does, that sets a variable for one, or that is a row of options.
COMMAND = re.compile(
    r"\s*(\w+=\S*\s+|(env|nohup|export|cd|source|sudo|exec|set)\s|(\S*/)?(python[\d.]*|torchrun|accelerate|deepspeed|bash|sh|srun|mpirun)\s|\./)"
)
_SETTING = re.compile(r"\s*[A-Z][A-Z0-9_]*=\S")
_OPTIONS = re.compile(r"\s*--?[A-Za-z]\S*[ \t=]")

_NOT_SEEN = "No command of this script is seen to get the variable."
_NOT_SEEN_ADVICE = "Look where the variable ends up: the change is right where a program gets it."


def prefix(text: str, program: str) -> str | None:
    """What has to stand in front of a held text for it to be a command line; None where it is none."""
    if COMMAND.match(text) or _SETTING.match(text):
        return ""
    return f"python {program or '-'} " if _OPTIONS.match(text) else None


def listed(array: Node, data: bytes, program: str) -> Command | None:
    """The command line that an array holds word by word: `A=(python x.py --device cuda)`, `A=(--device cuda)`."""
    found = [words.read(node, data) for node in array.named_children if node.type in words.WORDS]
    if not any(word.text.startswith("-") for word in found):
        return None
    alone = found[0].text.startswith("-") or "=" in found[0].text
    return Command(found[0], found if alone else found[1:], program)


def unseen(site: Proposal) -> Proposal:
    """A site in a text of which no command of the script is seen to get it."""
    if site.verdict is not Verdict.PORTED:
        return site
    because = f"{site.because} {_NOT_SEEN}".strip()
    return replace(site, verdict=Verdict.REVIEW, because=because, advice=_NOT_SEEN_ADVICE)


def used(root: Node, data: bytes) -> dict[str, str]:
    """The variables that a command gets which does more than show them, and the program that it runs, if it is one."""
    found: dict[str, str] = {}
    for node in words.nodes(root):
        command = command_of(node, data) if node.type == "command" else None
        if command is not None and not command.shows_text:
            for read in READ.finditer(data, node.start_byte, node.end_byte):
                name = (read[1] or read[2]).decode()
                found[name] = found.get(name) or command.program[1]
    return found
