"""The words of porter as plain frozen data: what one stage hands to the next. No I/O, no logic beyond derived views."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum


class Safety(str, Enum):
    """How far a rule may go: `safe` is applied, `review` is applied and marked, `manual` is never applied."""

    SAFE = "safe"
    REVIEW = "review"
    MANUAL = "manual"


class Verdict(str, Enum):
    """What became of a site. Sites found = ported + kept + review + manual."""

    PORTED = "ported"
    KEPT = "kept"
    REVIEW = "review"
    MANUAL = "manual"


# Most pressing first: the order in which a reader wants to see them.
VERDICTS = (Verdict.MANUAL, Verdict.REVIEW, Verdict.PORTED, Verdict.KEPT)


@dataclass(frozen=True, slots=True)
class Edit:
    """A byte span of a file's UTF-8 text and what it becomes. `expected` guards the span; empty span = insertion."""

    start: int
    end: int
    new: bytes
    expected: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """A site and its verdict. `line` and `column` are 1-based and count in the original file."""

    id: str
    file: str
    line: int
    column: int
    verdict: Verdict
    rule: str
    name: str
    why: str
    before: str
    after: str
    advice: str = ""
    links: tuple[str, ...] = ()
    effort: int = 0  # minutes that a person will need, an estimate
    subject: str = ""  # the package that the place is about, if it is about one
    edits: tuple[Edit, ...] = ()
    on: tuple[tuple[str, Verdict], ...] = ()  # by target, where a port serves several and they differ


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that porter could not read or understand: copied as it is, and said."""

    file: str
    line: int
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class FilePlan:
    """All that will happen to one file. `digest` is the SHA-256 of the original bytes."""

    path: str
    digest: str
    kind: str
    findings: tuple[Finding, ...]
    original: bytes = field(repr=False, default=b"")
    ported: bytes = field(repr=False, default=b"")
    accounted: tuple[tuple[int, int, Verdict], ...] = field(repr=False, default=())  # (first line, last line, verdict)

    @property
    def changed(self) -> bool:
        return self.original != self.ported


@dataclass(frozen=True, slots=True)
class Tally:
    """The lines of one kind of file that name an accelerator, by verdict; one without any is a fault of porter's."""

    kind: str
    counts: tuple[tuple[Verdict, int], ...]
    effort: int  # minutes for all findings in files of this kind
    missing: tuple[tuple[str, int], ...] = ()  # (file, line)

    @property
    def found(self) -> int:
        return sum(amount for _, amount in self.counts) + len(self.missing)


@dataclass(frozen=True, slots=True)
class Dependency:
    """A package that the checkout declares or imports and that is tied to CUDA, with what to do about it."""

    name: str
    where: tuple[str, ...]  # "file:line"
    advice: str
    verdict: str = ""  # works, works with a vendor build, replace, guard, no way
    evidence: tuple[str, ...] = ()  # the sources of the verdict


@dataclass(frozen=True, slots=True)
class Pin:
    """A requirement that the checkout declares: `wanted` is all but its name, such as `==2.0.1`."""

    name: str
    wanted: str
    where: str  # "file:line"


@dataclass(frozen=True, slots=True)
class PackUse:
    """A rule pack as it was used: `digest` over its resolved content."""

    name: str
    digest: str
    disabled: tuple[tuple[str, str], ...] = ()  # (rule id, reason)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the checkout came from. `dirty` lists tracked files that differ from the commit."""

    name: str
    url: str = ""
    commit: str = ""
    dirty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """An accelerator at a version of its software: `torch` is the torch version that it comes with."""

    name: str
    version: str
    torch: str
    title: str


@dataclass(frozen=True, slots=True)
class Added:
    """A file that the port brings along, and what an earlier port had left there."""

    path: str
    content: bytes = field(repr=False)
    before: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Plan:
    """All findings and edits of a checkout for one target, made without writing anything."""

    origin: Origin
    target: Target
    packs: tuple[PackUse, ...]
    files: tuple[FilePlan, ...]  # files with a finding, by path
    problems: tuple[Problem, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    pins: tuple[Pin, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader must know about the plan as a whole
    scanned: int = 0  # files looked at
    untouched: int = 0  # files copied without being looked at: binary, huge, not a kind that porter knows
    style: str = "native"
    docs: bool = False  # whether code blocks of documents were ported, too
    others: tuple[Target, ...] = ()  # what the port serves beside `target`
    added: tuple[Added, ...] = ()  # files that the port brings along
    account: tuple[Tally, ...] = ()  # every line that names an accelerator, found apart from the rules

    @property
    def findings(self) -> list[Finding]:
        return [finding for file in self.files for finding in file.findings]

    @property
    def changed(self) -> list[FilePlan]:
        return [file for file in self.files if file.changed]

    @property
    def targets(self) -> tuple[Target, ...]:
        return (self.target, *self.others)

    def on(self, target: Target) -> list[Finding]:
        """The findings as they are for one of the targets."""
        found = ((finding, dict(finding.on).get(target.name)) for finding in self.findings)
        return [
            finding if verdict is None else replace(finding, verdict=verdict)
            for finding, verdict in found
            if verdict is not None or not finding.on
        ]

    def count(self, verdict: Verdict) -> int:
        return sum(finding.verdict is verdict for finding in self.findings)
