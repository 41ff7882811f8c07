"""Where the variables of a shell script end up: the options of programs that get them as their values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from porter.artefacts import words
from porter.artefacts.command import Command
from porter.artefacts.values import Passed

if TYPE_CHECKING:
    from tree_sitter import Node

_READ = re.compile(rb"\$(?:\{(\w+)[^}]*\}|(\w+))")

Flows = dict[str, list[Passed]]


def command_of(node: Node, data: bytes) -> Command | None:
    """The command that a node of the shell's grammar is."""
    name = node.child_by_field_name("name")
    if name is None:
        return None
    arguments = [c for c in node.children_by_field_name("argument") if c.type in words.WORDS]
    return Command(words.read(name, data), [words.read(argument, data) for argument in arguments])


def flows(root: Node, data: bytes) -> Flows:
    """The options that get each variable: `--platform $P`, `--platform="${P}"`."""
    found: Flows = {}
    for node in words.nodes(root):
        command = command_of(node, data) if node.type == "command" else None
        for index, argument in enumerate(command.arguments if command else ()):
            read = _READ.search(data, argument.start, argument.end)
            passed = command.passed(index) if command and read else None
            if read and passed is not None:
                found.setdefault((read[1] or read[2]).decode(), []).append(passed)
    return found
