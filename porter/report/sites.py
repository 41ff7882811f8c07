"""The sites of a file as the report shows them: one entry a line, with every rule that had a say in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from porter.model import VERDICTS, Finding, Verdict
from porter.report.diff import Change, merge
from porter.report.summary import in_order


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the original with its findings, and what it became."""

    number: int
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]

    @property
    def verdict(self) -> Verdict:
        """The most pressing verdict of the line."""
        return min((finding.verdict for finding in self.findings), key=VERDICTS.index)

    @property
    def notes(self) -> list[Finding]:
        """One finding for each thing that is to be said: a rule that hit twice says it once."""
        said = {(each.rule, each.verdict, each.why, each.advice): each for each in reversed(self.findings)}
        return sorted(said.values(), key=lambda finding: VERDICTS.index(finding.verdict))


def lines(findings: Iterable[Finding]) -> list[Line]:
    """The lines with a site that was not kept, in order."""
    shown = [finding for finding in in_order(findings) if finding.verdict is not Verdict.KEPT]
    return [_line(number, tuple(found)) for number, found in groupby(shown, key=lambda finding: finding.line)]


def kept(findings: Iterable[Finding]) -> list[tuple[str, list[int]]]:
    """The reasons for which sites were kept, each with its lines; the reason that holds most often first."""
    reasons: dict[str, list[int]] = {}
    for finding in in_order(findings):
        if finding.verdict is Verdict.KEPT:
            reasons.setdefault(finding.why.removesuffix("."), []).append(finding.line)
    return sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))


def _line(number: int, findings: tuple[Finding, ...]) -> Line:
    applied = [finding for finding in findings if finding.verdict in (Verdict.PORTED, Verdict.REVIEW)]
    changes = merge((finding.before, finding.after) for finding in applied)
    for finding in findings:
        if finding.verdict is Verdict.MANUAL and not any(finding.before in before for before, _ in changes):
            changes.append((finding.before, finding.before))
    return Line(number, findings, tuple(changes))
