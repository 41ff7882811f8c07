"""What every format counts and groups in the same way: totals, findings by rule, the verdict in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from porter.model import VERDICTS, Finding, Plan, Verdict

Counts = dict[Verdict, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """The files of one kind that hold a site."""

    name: str
    files: int
    changed: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals of a plan. `found` is counted apart from `counts`, so that the two can be held against each other."""

    found: int
    counts: Counts
    scanned: int
    untouched: int
    changed: int
    unread: int
    effort: int
    kinds: tuple[Kind, ...]

    @property
    def total(self) -> str:
        """The sum that a reviewer checks, with its numbers."""
        terms = " + ".join(f"{self.counts[verdict]:,} {verdict.value}" for verdict in Verdict)
        sign = "=" if self.found == sum(self.counts.values()) else "≠"
        return f"{self.found:,} found {sign} {terms}"


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule: what a person works through in one go."""

    rule: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def effort(self) -> int:
        return sum(finding.effort for finding in self.findings)

    @property
    def whys(self) -> list[str]:
        return _distinct(finding.why for finding in self.findings)

    @property
    def advices(self) -> list[str]:
        return _distinct(finding.advice for finding in self.findings)

    @property
    def links(self) -> list[str]:
        return _distinct(link for finding in self.findings for link in finding.links)

    @property
    def places(self) -> list[tuple[str, list[int]]]:
        """The lines of each file, each line once."""
        lines: dict[str, set[int]] = {}
        for finding in self.findings:
            lines.setdefault(finding.file, set()).add(finding.line)
        return [(file, sorted(numbers)) for file, numbers in sorted(lines.items())]


def summarise(plan: Plan) -> Summary:
    kinds = []
    for name in sorted({file.kind for file in plan.files}):
        files = [file for file in plan.files if file.kind == name]
        found = (finding for file in files for finding in file.findings)
        kinds.append(Kind(name, len(files), sum(file.changed for file in files), count(found)))
    return Summary(
        found=len(plan.findings),
        counts=count(plan.findings),
        scanned=plan.scanned,
        untouched=plan.untouched,
        changed=len(plan.changed),
        unread=len({problem.file for problem in plan.problems}),
        effort=sum(finding.effort for finding in plan.findings),
        kinds=tuple(kinds),
    )


def count(findings: Iterable[Finding]) -> Counts:
    """How many findings there are of each verdict, the most pressing verdict first."""
    counter = Counter(finding.verdict for finding in findings)
    return {verdict: counter[verdict] for verdict in VERDICTS}


def by_target(plan: Plan) -> list[tuple[str, list[str]]]:
    """A row for each verdict with a column for each target, for a plan that serves several."""
    counts = [count(plan.on(target)) for target in plan.targets] if plan.others else []
    return [(verdict.value, [f"{each[verdict]:,}" for each in counts]) for verdict in VERDICTS if counts]


def apart(finding: Finding) -> str:
    """The targets that a place is about, with their verdicts where these differ."""
    if len({verdict for _, verdict in finding.on}) == 1:
        return "for " + ", ".join(name for name, _ in finding.on)
    return ", ".join(f"{name}: {verdict.value}" for name, verdict in finding.on)


def by_rule(findings: Iterable[Finding], *verdicts: Verdict) -> list[Group]:
    """The findings of these verdicts by rule: most work first, then most places."""
    rules: dict[str, list[Finding]] = {}
    for finding in in_order(findings):
        if finding.verdict in verdicts:
            rules.setdefault(finding.rule, []).append(finding)
    groups = [Group(rule, found[0].name, tuple(found)) for rule, found in rules.items()]
    return sorted(groups, key=lambda group: (-group.effort, -len(group.findings), group.rule))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file, then as they stand in it."""
    return sorted(findings, key=lambda finding: (finding.file, finding.line, finding.column, finding.rule, finding.id))


def headline(summary: Summary) -> str:
    """The verdict on the whole port: whether it is ready, and if not, what is missing."""
    manual, review = summary.counts[Verdict.MANUAL], summary.counts[Verdict.REVIEW]
    if not summary.found and not summary.unread:
        return "Nothing to port: no place of this checkout touches an accelerator."
    if not manual and not review and not summary.unread:
        return "Ready: every place is ported, or kept with its reason."
    need = []
    if manual:
        need.append(f"{number(manual, 'place')} {'needs' if manual == 1 else 'need'} a person")
    if review:
        need.append(f"{number(review, 'edit')} {'is' if review == 1 else 'are'} applied but to be checked")
    if summary.unread:
        need.append(f"{number(summary.unread, 'file')} could not be read")
    verdict = "Not ready" if manual or summary.unread else "Ready once checked"
    time = f" Estimated work: {duration(summary.effort)}." if summary.effort else ""
    return f"{verdict}: {', '.join(need)}.{time}"


def number(amount: int, noun: str) -> str:
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours:,} h {rest} min" if rest else f"{hours:,} h"


def _distinct(texts: Iterable[str]) -> list[str]:
    """Each text once, the most frequent first and equals in order of appearance; empty ones are no text."""
    return [text for text, _ in Counter(text for text in texts if text.strip()).most_common()]
