"""Configurations in YAML, JSON, TOML and INI: a value changes where its key says that it is a device."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.artefacts import in_ini, in_json, in_toml, in_yaml, shell
from porter.artefacts.page import Page, Reading, Stay
from porter.artefacts.scalars import Scalar
from porter.artefacts.values import value
from porter.artefacts.variables import in_command, variable
from porter.checkout.walk import Entry
from porter.proposal import Proposal

_KINDS = frozenset({"yaml", "json", "toml", "ini"})
_BIG = 200_000  # a JSON file above this is data: a vocabulary, a result, a benchmark
_ENVIRONMENT = re.compile(r"(?i)env(ironment)?(_?var(iable)?s)?|variables|vars|set_?env|runtime_env")
_COMMAND = re.compile(r"(?i)run|command|cmds?|script|scripts|entrypoint|args|shell|exec|tasks?|before_script|commands")
_PROSE = re.compile(
    r"(?i)description|labels?|title|summary|help|placeholder|comment|about|text|message|content|value|body|name"
)
_CI = re.compile(r"(^|/)(\.github/workflows/|\.circleci/|\.buildkite/|\.gitlab-ci|azure-pipelines|\.azure|\.travis)")
_CI_BECAUSE = "It is a job of upstream's own CI, whose machines the port does not have."
_CI_ADVICE = "If the job is to run for the port, give it a machine with the target and make the same change here."


def concerns(entry: Entry) -> bool:
    return entry.kind in _KINDS


def read(page: Page) -> Reading:
    reading = Reading()
    for start, end in _comments(page):
        reading.stays.append(Stay(start, end, "comment: text for a reader"))
    big = page.entry.kind == "json" and len(page.data) > _BIG
    found = list(scalars(page.entry.kind, page.data))
    beside: dict[tuple[str, ...], set[str]] = {}
    for scalar in found:
        if not scalar.is_key:
            beside.setdefault(scalar.path, set()).add(scalar.text)
    for scalar in found:
        if scalar.is_key:
            reading.stays.append(Stay(scalar.start, scalar.end, "key: a name that other programs look up", rules=True))
        else:
            reading.stays.append(Stay(scalar.start, scalar.end, _why(scalar), once=big, rules=True))
        sites = _sites(page, scalar, beside.get(scalar.path, set()))
        reading.sites += [site.withheld(_CI_BECAUSE, _CI_ADVICE) for site in sites] if _CI.search(page.path) else sites
    if big:
        reading.stays = [
            Stay(0, len(page.data), "data: a file for programs, too large to be a configuration", once=True)
        ]
    return reading


def scalars(kind: str, data: bytes) -> Iterator[Scalar]:
    reader = {"yaml": in_yaml, "json": in_json, "toml": in_toml, "ini": in_ini}[kind]
    return iter(reader.scalars(data))


def _comments(page: Page) -> Iterator[tuple[int, int]]:
    if page.entry.kind == "toml":
        return in_toml.comments(page.data)
    if page.entry.kind == "ini":
        return in_ini.comments(page.data)
    if page.entry.kind == "yaml":
        return (found.span("site") for found in re.finditer(rb"(?m)(?:^|[ \t])(?P<site>#[^\r\n]*)", page.data))
    return iter(())


def _why(scalar: Scalar) -> str:
    key = scalar.path[-1] if scalar.path else "the file"
    if "://" in scalar.text:
        return "URL"
    if " " in scalar.text.strip() or _PROSE.fullmatch(key):
        return f"text: the value of {key}, which has several words or is for a reader"
    if "/" in scalar.text:
        return "path or file name"
    return f"value: that of {key}, which does not name a device"


def _sites(page: Page, scalar: Scalar, beside: set[str]) -> Iterator[Proposal]:
    under = scalar.names[1:] if scalar.is_key else scalar.names
    if scalar.is_key:
        if scalar.exact and scalar.text in page.variables:
            yield from _named(page, scalar, any(_ENVIRONMENT.fullmatch(name) for name in scalar.names))
        return
    if scalar.exact:
        if scalar.text in page.variables:  # - name: CUDA_VISIBLE_DEVICES
            yield from _named(page, scalar, scalar.names[:1] == ("name",) and any(map(_ENVIRONMENT.fullmatch, under)))
            return
        what = f"the key {scalar.path[-1]}" if scalar.path else "the file"
        sure = not any(_PROSE.fullmatch(name) for name in scalar.names[:1])
        yield from value(page, scalar.names, scalar.text, scalar.start, what, strict=sure, beside=beside)
    yield from _commands(page, scalar)


def _named(page: Page, scalar: Scalar, sure: bool) -> Iterator[Proposal]:
    for site in variable(page, scalar.text, scalar.start, "It is an item of an environment." if sure else ""):
        yield site if sure else site.withheld("Nothing around it says that it is an environment variable.", site.advice)


def _body(data: bytes, scalar: Scalar) -> int:
    """Where the text of a scalar begins: behind the line of `|` or `>` that opens a block."""
    if data[scalar.start : scalar.start + 1] not in (b"|", b">"):
        return scalar.start
    return data.find(b"\n", scalar.start, scalar.end) + 1 or scalar.end


def _commands(page: Page, scalar: Scalar) -> Iterator[Proposal]:
    """Command lines, read as the shell would, and lists of `NAME=value`."""
    set_alone = re.match(r"[A-Z][A-Z0-9_]*=", scalar.text) is not None
    runs = any(_COMMAND.fullmatch(name) for name in scalar.names[:2])
    listed = set_alone and any(_ENVIRONMENT.fullmatch(name) for name in scalar.names[:2])
    if runs and not listed:
        start = _body(page.data, scalar)
        yield from shell.read(page.part(page.data[start : scalar.end])).moved(lambda at: start + at).sites
        return
    for site in in_command(page, scalar.start, scalar.end, "It is set in a command."):
        if listed:
            yield site
        elif page.data[site.end : site.end + 1] == b"=":
            yield site.withheld(
                "It stands in a text that may be a command or a message.",
                "If it is a command, make the same change here.",
            )
