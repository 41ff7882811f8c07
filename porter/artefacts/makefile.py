"""Makefiles: variables, and recipes, whose lines are shell text."""

from __future__ import annotations

import re

from porter.artefacts import shell
from porter.artefacts.flows import Flows
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
    scripts = [
        (found.start("text"), page.part(_as_shell(found["text"])))
        for expression in (_RECIPE, _CALL)
        for found in expression.finditer(page.data)
    ]
    ends: Flows = {}
    for _, script in scripts:
        for variable_name, passed in shell.flows_of(script).items():
            ends.setdefault(variable_name, []).extend(passed)
    for found in _ASSIGN.finditer(page.data):
        name, text = found["name"].decode(), found["value"].decode("utf-8", "replace").rstrip()
        reading.sites += variable(page, name, found.start("name"))
        if found["export"]:
            reading.sites += other_variable(page, name, found.start("name"))
        at, what = found.start("value"), f"the variable {name}"
        reading.sites += value(page, (name,), text, at, what, strict=False, passed=ends.get(name, ()))
    for expression in (_EXPORT, _MAKE_READ):
        for found in expression.finditer(page.data):
            reading.sites += variable(page, found["name"].decode(), found.start("name"))
    for start, script in scripts:
        nested = shell.read(script).shifted(start)
        nested.flaws = 0
        reading.add(nested)
    return reading


def _as_shell(recipe: bytes) -> bytes:
    """Make's own expansions are no shell: `$(NAME)` reads a variable, `$$` is a dollar; every byte keeps its place."""
    text = re.sub(rb"\$\(([A-Za-z_.@<^*?%]\w*)\)", lambda found: b"${" + found[1] + b"}", recipe)
    return text.replace(b"$$", b" $")
