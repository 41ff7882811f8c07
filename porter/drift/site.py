"""A place as two looks at it compare it: from a plan, from a lock or from a baseline."""

from __future__ import annotations

from dataclasses import dataclass

from porter.lock import Lock, LockedFinding, locked
from porter.model import Finding, Plan


@dataclass(frozen=True, slots=True)
class Site:
    """A place with what is needed to know it again and to speak of it; `why` and what follows only a plan tells."""

    id: str
    file: str
    line: int
    rule: str
    verdict: str
    text: str
    column: int = 1
    name: str = ""
    why: str = ""
    advice: str = ""
    inserted: bool = False  # a statement that porter adds: it follows from other places

    @property
    def mark(self) -> tuple[str, str]:
        """What stays when the place goes to another line, another depth or another file."""
        return self.rule, self.text

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def of_plan(plan: Plan) -> list[Site]:
    """The places of a plan."""
    return [of_finding(finding) for finding in plan.findings]


def of_finding(finding: Finding) -> Site:
    """A finding as a place."""
    entry = locked(finding)
    return Site(
        finding.id,
        finding.file,
        finding.line,
        finding.rule,
        finding.verdict.value,
        entry.text,
        finding.column,
        finding.name,
        finding.why,
        finding.advice,
        not finding.before,
    )


def of_lock(lock: Lock) -> list[Site]:
    """The places of a port, as its lock has them."""
    return [of_locked(file, entry) for file, entries in sorted(lock.edits.items()) for entry in entries]


def of_locked(file: str, entry: LockedFinding) -> Site:
    """One place of a lock or a baseline."""
    return Site(entry.id, file, entry.line, entry.rule, entry.verdict, entry.text)
