"""Makefiles: variables, and recipes, whose lines are shell text."""

from __future__ import annotations

import re

from porter.artefacts import shell
from porter.artefacts.page import Page, Reading, Stay
from porter.artefacts.values import value
from porter.artefacts.variables import other_variable, variable
from porter.checkout.walk import Entry

_RECIPE = re.compile(rb"(?m)^\t[@+-]*(?P<text>(?:[^\r\n]*\\\r?\n)*[^\r\n]*)")
_ASSIGN = re.compile(
    rb"(?m)^(?P<export>export[ \t]+)?(?:override[ \t]+)?"
    rb"(?P<name>[A-Za-z_]\w*)[ \t]*(?:[:?+!]{0,2}=)[ \t]*(?P<value>[^\r\n#]*)"
)
_EXPORT = re.compile(rb"(?m)^(?:un)?export[ \t]+(?P<name>[A-Z_][A-Z0-9_]*)[ \t]*\r?$")
_MAKE_READ = re.compile(rb"\$[({](?P<name>[A-Z_][A-Z0-9_]*)[)}]")
# `$(shell ...)` outside of recipes, with two levels of brackets inside.
_CALL = re.compile(rb"(?m)^(?!\t)[^\r\n#]*?\$\(shell[ \t]+(?P<text>(?:[^()\r\n]|\((?:[^()\r\n]|\([^()\r\n]*\))*\))*)\)")
_COMMENT = re.compile(rb"(?m)(?:^|[ ])(?P<site>#[^\r\n]*)")


def concerns(entry: Entry) -> bool:
    return entry.kind == "makefile"


def wants(data: bytes) -> bool:
    return shell.wants(data)


def read(page: Page) -> Reading:
    reading = Reading(
        stays=[Stay(*found.span("site"), "comment: text for a reader") for found in _COMMENT.finditer(page.data)]
    )
    for found in _ASSIGN.finditer(page.data):
        name, text = found["name"].decode(), found["value"].decode("utf-8", "replace").rstrip()
        reading.sites += variable(page, name, found.start("name"))
        if found["export"]:
            reading.sites += other_variable(page, name, found.start("name"))
        reading.sites += value(page, (name,), text, found.start("value"), f"the variable {name}", strict=False)
    for expression in (_EXPORT, _MAKE_READ):
        for found in expression.finditer(page.data):
            reading.sites += variable(page, found["name"].decode(), found.start("name"))
    for found in (*_RECIPE.finditer(page.data), *_CALL.finditer(page.data)):
        start = found.start("text")
        nested = shell.read(page.part(_as_shell(found["text"]))).moved(lambda offset, base=start: offset + base)  # type: ignore[misc]
        nested.flaws = 0
        reading.add(nested)
    return reading


def _as_shell(recipe: bytes) -> bytes:
    """Make's own expansions are no shell: `$(NAME)` reads a variable, `$$` is a dollar; every byte keeps its place."""
    text = re.sub(rb"\$\(([A-Za-z_.@<^*?%]\w*)\)", lambda found: b"${" + found[1] + b"}", recipe)
    return text.replace(b"$$", b" $")
