"""Dockerfiles: the shell text of RUN, the variables of ENV and ARG. Rules on lines of text speak of base images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.artefacts import exec_form, shell
from porter.artefacts.dependencies import requirement
from porter.artefacts.embedded import Host, python
from porter.artefacts.page import Page, Reading, Stay
from porter.artefacts.values import value
from porter.artefacts.variables import in_command, other_variable, variable
from porter.checkout.walk import Entry
from porter.proposal import Proposal

# An instruction with its continued lines; comment lines between them do not end it.
_INSTRUCTION = re.compile(
    rb"(?m)^[ \t]*(?P<word>[A-Za-z]+)[ \t]+"
    rb"(?P<rest>(?:[^\r\n]*[\\`][ \t]*\r?\n(?:[ \t]*#[^\r\n]*\r?\n)*)*[^\r\n]*)"
)
_COMMENT = re.compile(rb"(?m)^[ \t]*#[^\r\n]*")
_PAIR = re.compile(rb"""([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)""")
_HEREDOC = re.compile(rb"(?<!<)<<-?[\"']?(\w+)[\"']?")
_OPTIONS = re.compile(rb"(?:--[\w-]+=\S+\s+)*")


def concerns(entry: Entry) -> bool:
    return entry.kind == "dockerfile"


def wants(data: bytes) -> bool:
    return shell.wants(data)


def read(page: Page) -> Reading:
    reading = Reading(
        stays=[Stay(*found.span(), "comment: text for a reader") for found in _COMMENT.finditer(page.data)]
    )
    at = 0
    while found := _INSTRUCTION.search(page.data, at):
        word, (start, end) = found["word"].upper(), found.span("rest")
        bodies = list(_bodies(page.data, start, end)) if word in {b"RUN", b"COPY", b"ADD"} else []
        at = max([found.end(), *(end for _, end in bodies)])
        if bodies:
            _heredoc(page, (start, end), bodies, reading, script=word == b"RUN")
        elif word == b"RUN" and not found["rest"].lstrip().startswith(b"["):
            start = _behind_options(page.data, start, end)
            _shell(page, start, end, reading)
        elif word in {b"ENV", b"ARG"}:
            reading.sites += _variables(page, start, end, word == b"ENV")
        elif word in {b"RUN", b"CMD", b"ENTRYPOINT", b"HEALTHCHECK"}:
            if found["rest"].lstrip().startswith(b"["):
                reading.sites += _exec(page, start, end)
            else:
                _shell(page, start, end, reading)
        elif word in {b"LABEL", b"MAINTAINER"}:
            reading.stays.append(Stay(start, end, "label: text for a reader"))
    return reading


def _bodies(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The here-documents that an instruction opens: their text, and where the line behind them begins."""
    at = end
    for opened in _HEREDOC.finditer(data, start, end):
        closing = re.compile(rb"(?m)^[\t]*" + re.escape(opened[1]) + rb"[ \t]*\r?$")
        body = data.find(b"\n", at) + 1
        closed = closing.search(data, body) if body else None
        if closed is None:
            return
        yield body, closed.start()
        at = closed.end()


def _behind_options(data: bytes, start: int, end: int) -> int:
    """Where a command begins, behind the options of its instruction: `RUN --mount=type=cache pip install`."""
    found = _OPTIONS.match(data, start, end)
    return found.end() if found is not None else start


def _heredoc(
    page: Page, line: tuple[int, int], bodies: list[tuple[int, int]], reading: Reading, *, script: bool
) -> None:
    """A body is a script of its own, unless a command in front of it gets it: `RUN python - <<EOF`, `COPY <<EOF /x`."""
    start = _behind_options(page.data, *line)
    if not script or _HEREDOC.match(page.data, start) is None:
        last = page.data.find(b"\n", bodies[-1][1])
        bodies = [(start, last if last >= 0 else len(page.data))]
    for begin, stop in bodies:
        if page.data[begin:stop].startswith(b"#!") and b"python" in page.data[begin:stop].split(b"\n")[0]:
            reading.add(python(page, begin, stop, Host("a here-document", quoted=False)))
        else:
            nested = shell.read(page.part(page.data[begin:stop])).shifted(begin)
            nested.flaws = 0
            reading.add(nested)


def _shell(page: Page, start: int, end: int, reading: Reading) -> None:
    text = re.sub(rb"(?m)^[ \t]*#[^\r\n]*", lambda found: b" " * len(found[0]), page.data[start:end])
    nested = shell.read(page.part(text)).shifted(start)
    nested.flaws = 0
    reading.add(nested)


def _variables(page: Page, start: int, end: int, exported: bool) -> Iterator[Proposal]:
    """`ENV A=1 B=2`, `ENV A 1`, `ARG A=1`."""
    pairs = list(_PAIR.finditer(page.data, start, end))
    if not pairs:
        name = re.compile(rb"\w+").match(page.data, start, end)
        if name:
            yield from variable(page, name[0].decode(), start)
    for pair in pairs:
        name_text = pair[1].decode()
        yield from variable(page, name_text, pair.start(1))
        if exported or not name_text.endswith("VERSION"):  # a version is a part of an image's name
            yield from other_variable(page, name_text, pair.start(1))
        quotes = 1 if pair[2][:1] in (b'"', b"'") else 0
        text = pair[2][quotes : len(pair[2]) - quotes].decode("utf-8", "replace")
        if re.match(r"git\+|https?://\S+\.(whl|tar\.gz|zip)$", text):
            yield from requirement(page, text, pair.start(2) + quotes, pair.end(2) - quotes)
        yield from value(page, (name_text,), text, pair.start(2) + quotes, f"the variable {name_text}", strict=False)
    yield from in_command(page, start, end)


def _exec(page: Page, start: int, end: int) -> Iterator[Proposal]:
    words = re.compile(rb'"((?:[^"\\]|\\.)*)"').finditer(page.data, start, end)
    return exec_form.read(page, [(word.start(1), word[1].decode("utf-8", "replace")) for word in words])
