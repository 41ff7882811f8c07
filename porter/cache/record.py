"""What is remembered about one file: its digest, whether it may hold a site, its plan, and what that plan rests on."""

from __future__ import annotations

from dataclasses import dataclass

from porter.model import FilePlan, Finding, Problem, Verdict
from porter.options.ledger import Lesson
from porter.spans import Span, replay, spans


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a plan asked about other files of the checkout, with the answer."""

    what: str  # find, tree, package or sources
    words: tuple[str, ...]
    level: int = 0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A file as it was planned. The bytes are not kept: the ported ones come back from the original by its spans."""

    digest: str
    concerns: bool
    own: str = ""  # digest of the repository's methods that rules look for; empty before the file was planned
    asked: tuple[Question, ...] = ()
    path: str = ""
    kind: str = ""  # empty where the file has no plan, since it holds no site
    findings: tuple[Finding, ...] = ()
    wrote: tuple[Span, ...] = ()
    problems: tuple[Problem, ...] = ()
    accounted: tuple[tuple[int, int, Verdict], ...] = ()
    lesson: Lesson | None = None  # about options, where it is a program

    @classmethod
    def of(
        cls, digest: str, own: str, asked: tuple[Question, ...], plan: FilePlan | None, problems: list[Problem]
    ) -> Record:
        if plan is None:
            return cls(digest, True, own, asked, problems=tuple(problems))
        wrote = spans(plan.original, plan.ported) if plan.changed else ()
        found = (plan.path, plan.kind, plan.findings, wrote)
        return cls(digest, True, own, asked, *found, tuple(problems), plan.accounted)

    def planned(self, raw: bytes) -> FilePlan | None:
        """The plan of the file, which has the bytes that the record was made of."""
        if not self.kind:
            return None
        ported = replay(raw, self.wrote)
        return FilePlan(self.path, self.digest, self.kind, self.findings, raw, ported, self.accounted)
