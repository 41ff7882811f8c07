"""Where the variables of a shell script end up: the options of programs that get them as their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.artefacts import words
from porter.artefacts.command import Command
from porter.artefacts.values import Passed

if TYPE_CHECKING:
    from tree_sitter import Node

READ = re.compile(rb"\$(?:\{(\w+)[^}]*\}|(\w+))")

Flows = dict[str, list[Passed]]


def command_of(node: Node, data: bytes) -> Command | None:
    """The command that a node of the shell's grammar is."""
    name = node.child_by_field_name("name")
    if name is None:
        return None
    arguments = [c for c in node.children_by_field_name("argument") if c.type in words.WORDS]
    return Command(words.read(name, data), [words.read(argument, data) for argument in arguments])


def program_of(node: Node, data: bytes) -> tuple[str, bool]:
    """The program of the command around a node, and whether it is known."""
    at: Node | None = node
    while at is not None and at.type != "command":
        at = at.parent
    command = command_of(at, data) if at is not None else None
    program = command.program[1] if command else ""
    return program, bool(program)


def receivers(node: Node, data: bytes) -> Iterator[str]:
    """The variable or the option that gets the text of a node."""
    at = node
    while at.parent is not None and at.parent.type in {"string", "concatenation"}:
        at = at.parent
    parent = at.parent
    if parent is not None and parent.type == "variable_assignment":
        name = parent.child_by_field_name("name")
        yield data[name.start_byte : name.end_byte].decode("utf-8", "replace") if name is not None else ""
    elif parent is not None and parent.type == "command":
        text = words.read(at, data).text
        before = at.prev_named_sibling
        yield text.partition("=")[0] if "=" in text else words.read(before, data).text if before is not None else ""


def flows(root: Node, data: bytes) -> Flows:
    """The options that get each variable: `--platform $P`, `--platform="${P}"`."""
    found: Flows = {}
    for node in words.nodes(root):
        command = command_of(node, data) if node.type == "command" else None
        for index, argument in enumerate(command.arguments if command else ()):
            read = READ.search(data, argument.start, argument.end)
            passed = command.passed(index) if command and read else None
            if read and passed is not None:
                found.setdefault((read[1] or read[2]).decode(), []).append(passed)
    return found
