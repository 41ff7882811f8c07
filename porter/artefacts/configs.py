"""Configurations in YAML, JSON, TOML and INI: a value changes where its key says that it is a device."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.artefacts import exec_form, in_ini, in_json, in_toml, in_yaml, shell
from porter.artefacts.page import Page, Reading, Stay
from porter.artefacts.scalars import Scalar
from porter.artefacts.values import Passed, value
from porter.artefacts.variables import in_command, variable
from porter.checkout.walk import Entry
from porter.proposal import Proposal

_KINDS = frozenset({"yaml", "json", "toml", "ini"})
_BIG = 200_000  # a JSON file above this is data: a vocabulary, a result, a benchmark
_ENVIRONMENT = re.compile(r"(?i)env(ironment)?(_?var(iable)?s)?|variables|vars|set_?env|runtime_env|env_?set")
_COMMAND = re.compile(r"(?i)run|command|cmds?|script|scripts|entrypoint|args|shell|exec|tasks?|before_script|commands")
_PROSE = re.compile(
    r"(?i)description|labels?|title|summary|help|placeholder|comment|about|text|message|content|value|body|name"
)
_SENTENCE = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}")  # words in a row, as no option or image has them
_DEFAULT = re.compile(r"\$\{oc\.env:\w+,\s*(?P<text>[^{}$]*?)\s*\}")  # OmegaConf: a variable, else this
_RUNS = re.compile(
    r"\s*(#!|\$ |(sudo|apt|apt-get|yum|dnf|pip\d?|conda|docker|podman|python\d?|export|source|bash|sh)\s)"
)
_CI = re.compile(
    r"(^|/)(\.github/(workflows|actions)/|\.circleci/|\.buildkite/|\.gitlab-ci|azure-pipelines|\.azure|\.travis)"
)
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
    items: dict[tuple[str, ...], list[Scalar]] = {}
    for scalar in found:
        if not scalar.is_key:
            items.setdefault(scalar.path, []).append(scalar)
    listed = {path: _Listed(each) for path, each in items.items()}
    reading.sites += [site for each in listed.values() if each.is_command for site in each.command(page)]
    for scalar in found:
        if scalar.is_key:
            reading.stays.append(Stay(scalar.start, scalar.end, "key: a name that other programs look up", rules=True))
        else:
            reading.stays.append(Stay(scalar.start, scalar.end, _why(scalar), once=big, rules=not _tells(scalar)))
        reading.sites += _sites(page, scalar, listed.get(scalar.path), reading)
    if _CI.search(page.path):
        reading.sites = list(_of_ci(reading.sites))
    if big:
        reading.stays = [
            Stay(0, len(page.data), "data: a file for programs, too large to be a configuration", once=True)
        ]
    return reading


def _of_ci(sites: list[Proposal]) -> Iterator[Proposal]:
    """Sites without their edits; an import that nothing needs any more is no site."""
    return (site.withheld(_CI_BECAUSE, _CI_ADVICE) for site in sites if site.end > site.start)


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
    return in_json.comments(page.data)


def _tells(scalar: Scalar) -> bool:
    """Whether a value is prose for a reader, of which rules on the text of lines do not speak."""
    if any(_COMMAND.fullmatch(name) or _ENVIRONMENT.fullmatch(name) for name in scalar.names[:2]):
        return False
    return _SENTENCE.search(scalar.text) is not None and _RUNS.match(scalar.text) is None


def _why(scalar: Scalar) -> str:
    key = scalar.path[-1] if scalar.path else "the file"
    if "://" in scalar.text and not re.search(r"\s", scalar.text.strip()):
        return "URL"
    if " " in scalar.text.strip() or _PROSE.fullmatch(key):
        return f"text: the value of {key}, which has several words or is for a reader"
    if "/" in scalar.text:
        return "path or file name"
    return f"value: that of {key}, which does not name a device"


class _Listed:
    """The values under one path: the items of a list, looked at once, since a list of data has a hundred thousand."""

    def __init__(self, items: list[Scalar]) -> None:
        self._items = items
        self.texts = frozenset(item.text for item in items)
        self.is_command = _is_command(items)

    def command(self, page: Page) -> Iterator[Proposal]:
        """The sites of a command line that is a list of words."""
        words = sorted(self._items, key=lambda item: item.start)
        return exec_form.read(page, [(word.start, word.text) for word in words])


def _is_command(items: list[Scalar]) -> bool:
    return (
        any(_COMMAND.fullmatch(name) for name in items[0].names[:2])
        and any(item.text.startswith("--") for item in items)
        and not any(" " in item.text or not item.exact for item in items)
    )


def _sites(page: Page, scalar: Scalar, listed: _Listed | None, reading: Reading) -> Iterator[Proposal]:
    under = scalar.names[1:] if scalar.is_key else scalar.names
    if scalar.is_key:
        if scalar.exact and scalar.text in page.variables:
            yield from _named(page, scalar, any(_ENVIRONMENT.fullmatch(name) for name in scalar.names))
        return
    if scalar.exact:
        if scalar.text in page.variables:  # - name: CUDA_VISIBLE_DEVICES
            yield from _named(page, scalar, scalar.names[:1] == ("name",) and any(map(_ENVIRONMENT.fullmatch, under)))
            return
        if listed is not None and not listed.is_command:
            yield from _value(page, scalar, listed.texts)
    yield from _commands(page, scalar, reading)


def _value(page: Page, scalar: Scalar, beside: frozenset[str]) -> Iterator[Proposal]:
    what = f"the key {scalar.path[-1]}" if scalar.path else "the file"
    sure = not any(_PROSE.fullmatch(name) for name in scalar.names[:1])
    fed = [Passed(name, surely=False) for name in scalar.names[:1]]
    default = _DEFAULT.fullmatch(scalar.text)
    text, start = scalar.text, scalar.start
    if default is not None:
        text, start = default["text"], start + len(text[: default.start("text")].encode())
    yield from value(page, scalar.names, text, start, what, strict=sure, beside=beside, passed=fed)


def _named(page: Page, scalar: Scalar, sure: bool) -> Iterator[Proposal]:
    for site in variable(page, scalar.text, scalar.start, "It is an item of an environment." if sure else ""):
        yield site if sure else site.withheld("Nothing around it says that it is an environment variable.", site.advice)


def _body(data: bytes, scalar: Scalar) -> int:
    """Where the text of a scalar begins: behind the line of `|` or `>` that opens a block."""
    if data[scalar.start : scalar.start + 1] not in (b"|", b">"):
        return scalar.start
    return data.find(b"\n", scalar.start, scalar.end) + 1 or scalar.end


class _Script:
    """The text of a block without the indent of its lines, as the shell gets it."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        at_line = data[start - 1 : start] == b"\n"
        first = data[start:end] if at_line else b""
        self._indent = first[: len(first) - len(first.lstrip(b" "))]
        text, places = bytearray(), list[int]()
        for line in re.finditer(rb"[^\n]*\n?", data[start:end]):
            skip = len(self._indent) if line[0].startswith(self._indent) else 0
            text += line[0][skip:]
            places += range(start + line.start() + skip, start + line.end())
        self.text = bytes(text)
        self._places = (*places, end)

    def place(self, at: int) -> int:
        return self._places[at]

    def written(self, text: bytes) -> bytes:
        return text.replace(b"\n", b"\n" + self._indent)


def _commands(page: Page, scalar: Scalar, reading: Reading) -> Iterator[Proposal]:
    """Command lines, read as the shell would, and lists of `NAME=value`."""
    set_alone = re.match(r"[A-Z][A-Z0-9_]*=", scalar.text) is not None
    runs = any(_COMMAND.fullmatch(name) for name in scalar.names[:2])
    listed = set_alone and any(_ENVIRONMENT.fullmatch(name) for name in scalar.names[:2])
    if runs and not listed:
        script = _Script(page.data, _body(page.data, scalar), scalar.end)
        nested = shell.read(page.part(script.text)).moved(script.place, script.written)
        reading.troubles += nested.troubles
        yield from nested.sites
        return
    for site in in_command(page, scalar.start, scalar.end, "It is set in a command."):
        if listed:
            yield site
        elif page.data[site.end : site.end + 1] == b"=":
            yield site.withheld(
                "It stands in a text that may be a command or a message.",
                "If it is a command, make the same change here.",
            )
