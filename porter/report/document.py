"""The shape of report.json: the published schema is made of these structures, the report is written through them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

FORMAT = 1  # grows when a reader of report.json would have to change

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0)]
Minutes = Annotated[int, Meta(ge=0, description="minutes that a person will need, an estimate")]
VerdictName = Literal["ported", "kept", "review", "manual"]


class Origin(Struct, frozen=True):
    """Where the checkout came from; address and commit are empty for a plain folder."""

    name: str
    url: Annotated[str, Meta(description="without user and password; empty for a path of a machine")]
    commit: str
    dirty: Annotated[list[str], Meta(description="tracked files that differed from the commit")]


class Target(Struct, frozen=True):
    """The accelerator, the version of its software, and the torch version that comes with it."""

    name: Text
    version: str
    torch: str
    title: str


class Disabled(Struct, frozen=True):
    """A rule that a pack switches off, and its reason."""

    rule: Text
    reason: str


class Pack(Struct, frozen=True):
    """A rule pack as it was used; the digest is over its resolved content."""

    name: Text
    digest: str
    disabled: list[Disabled]


class Kind(Struct, frozen=True):
    """The sites in files of one kind."""

    kind: str
    files: Count
    changed: Count
    ported: Count
    kept: Count
    review: Count
    manual: Count


class Summary(Struct, frozen=True):
    """The totals: found = ported + kept + review + manual."""

    found: Count
    ported: Count
    kept: Count
    review: Count
    manual: Count
    scanned: Annotated[int, Meta(ge=0, description="files that were looked at")]
    untouched: Annotated[int, Meta(ge=0, description="files that were copied without being looked at")]
    changed: Annotated[int, Meta(ge=0, description="files that differ in the port")]
    unread: Annotated[int, Meta(ge=0, description="files that could not be read")]
    effort: Minutes
    kinds: list[Kind]


class Account(Struct, frozen=True):
    """The lines of one kind of file that name an accelerator: found = ported + kept + review + manual + missing."""

    kind: str
    found: Count
    ported: Count
    kept: Count
    review: Count
    manual: Count
    missing: Annotated[int, Meta(ge=0, description="lines without a verdict, which are a fault of porter's")]
    effort: Minutes


class Finding(Struct, frozen=True):
    """One place that touches an accelerator, and what became of it."""

    id: Text
    file: Annotated[str, Meta(description="relative, with forward slashes; a byte that is not UTF-8 is \\xNN")]
    line: Annotated[int, Meta(ge=1, description="in the original file")]
    column: Annotated[int, Meta(ge=1, description="in the original file")]
    verdict: VerdictName
    rule: str
    name: Annotated[str, Meta(description="the name of the rule")]
    why: str
    advice: Annotated[str, Meta(description="what a person should do; empty when nothing is left to do")]
    before: str
    after: str
    links: list[str]
    effort: Minutes
    on: Annotated[
        dict[str, VerdictName] | UnsetType,
        Meta(description="the verdict for each target, where a port serves several and they differ"),
    ] = UNSET


class Problem(Struct, frozen=True):
    """A file that could not be read or understood: it was copied as it is. Line 0 is the file as a whole."""

    file: str
    line: Count
    reason: str
    advice: str


class Dependency(Struct, frozen=True):
    """A package that is tied to CUDA, where the checkout names it, and what to do about it."""

    name: str
    where: Annotated[list[str], Meta(description="file:line")]
    advice: str
    verdict: Annotated[
        str, Meta(description="works, works with a vendor build, replace, guard, no way; empty: not known")
    ]
    evidence: Annotated[list[str], Meta(description="the sources of the verdict; empty: what porter's authors know")]


class Report(Struct, frozen=True):
    """All findings of a checkout for one target, as porter made them."""

    format: Annotated[int, Meta(ge=1, description="the version of this format")]
    porter: Annotated[str, Meta(min_length=1, description="the version of porter")]
    origin: Origin
    target: Target
    packs: list[Pack]
    summary: Summary
    findings: list[Finding]
    problems: list[Problem]
    dependencies: list[Dependency]
    notes: Annotated[list[str], Meta(description="what a reader must know about the report as a whole")]
    account: list[Account]
    others: Annotated[list[Target] | UnsetType, Meta(description="what the port serves beside `target`")] = UNSET


def json_schema() -> dict[str, Any]:
    """The JSON Schema of report.json."""
    made = msgspec.json.schema(Report)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"porter report, format {FORMAT}",
        **made,
    }
