"""Code blocks of documents, ported where a person asked for it (`--docs`): commands and Python, never the prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from porter.artefacts import shell
from porter.artefacts.embedded import Host, python
from porter.artefacts.page import Page, Reading
from porter.model import Verdict
from porter.proposal import Proposal

_SHELL = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "shellscript"})
_PYTHON = frozenset({"python", "python3", "py"})
_FENCE = re.compile(
    rb"(?m)^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w-]*)[^\r\n`]*\r?\n"
    rb"(?P<code>(?:.*\r?\n)*?)[ \t]*(?P=fence)[ \t]*\r?$"
)
_DIRECTIVE = re.compile(
    rb"(?m)^(?P<indent>[ \t]*)\.\. (?:code|code-block|sourcecode|prompt)::[ \t]*(?P<language>[\w-]+)[^\r\n]*\r?\n"
    rb"(?:(?P=indent)[ \t]+:[^\r\n]*\r?\n)*(?P<code>(?:(?P=indent)[ \t]+\S[^\r\n]*(?:\r?\n|$)|[ \t]*\r?\n)+)"
)
_PROMPT = re.compile(rb"(?m)^([ \t]*)[$](?= )")
_BECAUSE = "It stands in a code block of a document, which is ported on demand."
_ADVICE = "Read the words around the block: they stay as they are."


@dataclass(frozen=True)
class Block:
    """The span of a block's code, and what it is written in."""

    start: int
    end: int
    language: str


def blocks(data: bytes, suffix: str) -> Iterator[Block]:
    expression = _DIRECTIVE if suffix == ".rst" else _FENCE
    for found in expression.finditer(data):
        yield Block(*found.span("code"), found["language"].decode().lower())


def read(page: Page, suffix: str) -> Iterator[Proposal]:
    """The places of code blocks that change; all others are told with the document."""
    for block in blocks(page.data, suffix):
        for site in _block(page, block, suffix).sites:
            if site.edits:
                because = f"{site.because} {_BECAUSE}".strip()
                yield replace(site, verdict=Verdict.REVIEW, because=because, advice=_ADVICE)


def _block(page: Page, block: Block, suffix: str) -> Reading:
    text = page.data[block.start : block.end]
    if block.language in _SHELL:
        plain = _PROMPT.sub(rb"\1 ", text)  # the sign of a prompt; every byte keeps its place
        return shell.read(page.part(plain)).shifted(block.start)
    if block.language in _PYTHON:
        host = Host("a code block", lines=suffix != ".rst", quoted=False)
        return python(page, block.start, block.end, host)
    return Reading()
