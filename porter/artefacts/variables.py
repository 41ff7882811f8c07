"""Environment variables in the text of commands: where they are set, where they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from porter.artefacts.page import Page, manual
from porter.model import Edit
from porter.proposal import Proposal, verdict_of

# `VAR=` where a word begins; `$VAR`, `${VAR`, also behind make's `$$`; `export VAR`, `-x VAR`.
_SET = re.compile(rb"(?<![\w$\-.{])([A-Z][A-Z0-9_]+)=")
_READ = re.compile(rb"\$\{?[!#]?([A-Z][A-Z0-9_]+)\b")
_NAMED = re.compile(rb"(?:\bexport|\bunset|\bprintenv|(?<!\w)-x|(?<!\w)-e|--env)[ =]+([A-Z][A-Z0-9_]+)(?![\w=])")

# The value behind a variable's name, when it is a folder of the CUDA toolkit.
_TOOLKIT = re.compile(rb"[\"']?[ \t]*(?:[:?+]?=|:)?[ \t]*[\"']?[~/][^\s\"';]*cuda")


def variable(page: Page, name: str, start: int, because: str = "") -> Iterator[Proposal]:
    """The site of a variable's name at an offset, where a rule speaks of it."""
    known = page.variables.get(name)
    if known is None:
        return
    rule, new = known
    end = start + len(name)
    if _TOOLKIT.match(page.data, end):  # a rule on paths says more, where it speaks
        yield replace(
            manual(rule, start, end, f"Its value is a path of the CUDA toolkit. {because}".strip()), fallback=True
        )
    elif new is None:
        yield manual(rule, start, end, f"{name} has no counterpart on the target. {because}".strip())
    elif new != name:
        yield Proposal(
            rule, start, end, verdict_of(rule.safety), (Edit(start, end, new.encode(), name.encode()),), because
        )


def other_variable(page: Page, name: str, start: int) -> Iterator[Proposal]:
    """A variable that is handed to programs and that no rule knows; a rule on the line's text says more."""
    rule = next((rule for rule, regex in page.others if regex.fullmatch(name)), None)
    if rule is not None and name not in page.variables:
        yield replace(manual(rule, start, start + len(name)), fallback=True)


def in_command(page: Page, start: int, end: int, because: str = "", *, reads: bool = True) -> Iterator[Proposal]:
    """The variables that a command line, given as a span of text, sets and reads."""
    seen: set[int] = set()
    for expression in (_SET, _NAMED, _READ) if reads else (_SET, _NAMED):
        for found in expression.finditer(page.data, start, end):
            if found.start(1) not in seen:
                seen.add(found.start(1))
                yield from variable(page, found[1].decode(), found.start(1), because)
