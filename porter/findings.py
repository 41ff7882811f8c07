"""From proposals to findings: overlaps settled, lines quoted before and after, ids that survive upstream's moves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from porter.checkout.text import Text
from porter.checkout.walk import Entry
from porter.model import Edit, FilePlan, Finding, Problem, Verdict
from porter.proposal import Proposal
from porter.python.source import Source
from porter.splice import apply

if TYPE_CHECKING:
    from porter.context import Context
    from porter.python.remains import Remainder

_LINE = 500  # characters of a line that a finding quotes


@dataclass(frozen=True)
class Draft:
    """A proposal that has survived the others."""

    proposal: Proposal

    @property
    def start(self) -> int:
        return self.proposal.start

    @property
    def end(self) -> int:
        return self.proposal.end

    @property
    def edits(self) -> tuple[Edit, ...]:
        return self.proposal.edits

    @staticmethod
    def file_plan(
        entry: Entry,
        raw: bytes,
        text: Text,
        drafts: list[Draft],
        kept: list[Remainder],
        covers: Iterable[tuple[int, int]] = (),
    ) -> FilePlan | None:
        """The plan of a file from its drafts and what remains; None when there is nothing to say.

        `covers` are spans for which one of the drafts speaks, though it stands elsewhere."""
        if not drafts and not kept:
            return None
        edits = [edit for draft in drafts for edit in draft.edits]
        ported = text.encode(apply(text.data, edits)) if edits else raw
        source = Source(text.data)
        quote = _Quote(source, edits)
        count: Counter[tuple[str, str]] = Counter()
        findings = [_finding(entry.path, source, draft.proposal, quote, count) for draft in drafts]
        findings += [_kept(entry.path, source, remainder, count) for remainder in kept]
        findings.sort(key=lambda f: (f.line, f.column, f.rule, f.id))
        accounted = _accounted(source, drafts, kept, covers)
        return FilePlan(
            entry.path, hashlib.sha256(raw).hexdigest(), entry.kind, tuple(findings), raw, ported, accounted
        )


def settle(proposals: Iterable[Proposal]) -> list[Draft]:
    """Order proposals, drop repetitions, and leave the second of two overlapping edits to a person."""
    drafts: list[Draft] = []
    seen: set[tuple[str, int, int]] = set()
    spoken: set[tuple[int, int]] = set()
    taken: list[Edit] = []
    gone: list[Edit] = []
    ordered = sorted(map(_careful, proposals), key=lambda p: (p.start, p.end, p.rule.id))
    firm = [p for p in ordered if not _gives_way(p)]
    sure = [p for p in ordered if not p.fallback]
    for proposal in ordered:
        key = (proposal.rule.id, proposal.start, proposal.end)
        stronger = sure if proposal.fallback else firm if _gives_way(proposal) else []
        if key in seen or any(p.start < proposal.end and proposal.start < p.end for p in stronger):
            continue
        if any(e.start <= proposal.start and proposal.end <= e.end for e in gone):
            continue
        seen.add(key)
        if proposal.fallback:  # one general word about a place is enough
            if (proposal.start, proposal.end) in spoken:
                continue
            spoken.add((proposal.start, proposal.end))
        clash = next((e for e in proposal.edits for t in taken if e != t and e.start < t.end and t.start < e.end), None)
        if clash is not None:
            proposal = proposal.withheld("Another rule changes the same words.")
        taken += proposal.edits
        gone += proposal.edits if proposal.swallows else ()
        drafts.append(Draft(proposal))
    return drafts


def _careful(proposal: Proposal) -> Proposal:
    """What a person is asked to do, porter does not do; and what comes out as it went in is a place that stays."""
    if proposal.verdict is Verdict.MANUAL:
        return replace(proposal, edits=())
    return proposal.kept() if proposal.edits and not proposal.changes else proposal


def _gives_way(proposal: Proposal) -> bool:
    return proposal.fallback or proposal.verdict is Verdict.KEPT


def _accounted(
    source: Source, drafts: list[Draft], kept: list[Remainder], covers: Iterable[tuple[int, int]]
) -> tuple[tuple[int, int, Verdict], ...]:
    """The lines that have a verdict."""
    spans = [(d.start, _reach(d.proposal), d.proposal.verdict) for d in drafts]
    spans += [(start, end, Verdict.MANUAL) for start, end in covers]
    lines = {(source.line_of(start), source.line_of(max(start, end - 1)), verdict) for start, end, verdict in spans}
    lines |= {(line, line, Verdict.KEPT) for remainder in kept for line in (remainder.line, *remainder.others)}
    return tuple(sorted(lines))


class _Quote:
    """The lines of a site, before and after."""

    def __init__(self, source: Source, edits: list[Edit]) -> None:
        self._source = source
        self._edits = edits

    def before(self, start: int, end: int) -> str:
        return _clean(self._source.data[slice(*self._lines(start, end))])

    def after(self, start: int, end: int) -> str:
        first, last = self._lines(start, end)
        inside = [
            Edit(e.start - first, e.end - first, e.new, e.expected)
            for e in self._edits
            if first <= e.start and e.end <= last and not (e.start == e.end and e.new.endswith((b"\n", b"\r")))
        ]
        return _clean(apply(self._source.data[first:last], inside))

    def _lines(self, start: int, end: int) -> tuple[int, int]:
        first = self._source.line_of(start)
        last = self._source.line_of(max(start, end - 1))
        return self._source.line_start(first), self._source.line_end(last)


def _clean(data: bytes) -> str:
    text = data.decode("utf-8", "replace").strip("\r\n")
    return text if len(text) <= _LINE else text[:_LINE] + "…"


def _finding(path: str, source: Source, proposal: Proposal, quote: _Quote, count: Counter[tuple[str, str]]) -> Finding:
    rule = proposal.rule
    line = source.line_of(proposal.start)
    inserted = bool(proposal.edits) and all(e.start == e.end and e.new.strip() for e in proposal.edits)
    before = "" if inserted else quote.before(proposal.start, _reach(proposal))
    after = proposal.edits[0].new.decode().strip("\r\n") if inserted else quote.after(proposal.start, _reach(proposal))
    if not proposal.edits:
        after = before
    return Finding(
        id=_id(path, rule.id, before or after, count),
        file=path,
        line=line,
        column=source.column_of(proposal.start),
        verdict=proposal.verdict,
        rule=rule.id,
        name=rule.name,
        why=f"{rule.why} {proposal.because}".strip(),
        before=before,
        after=after,
        advice=(proposal.advice or rule.advice) if proposal.verdict in (Verdict.MANUAL, Verdict.REVIEW) else "",
        links=rule.links,
        effort=_effort(proposal),
        subject=proposal.subject,
        edits=proposal.edits,
    )


def _reach(proposal: Proposal) -> int:
    return max([proposal.end, *(e.end for e in proposal.edits)])


def _effort(proposal: Proposal) -> int:
    if proposal.verdict is Verdict.MANUAL:
        return proposal.rule.effort or 15
    return 2 if proposal.verdict is Verdict.REVIEW else 0


def _kept(path: str, source: Source, remainder: Remainder, count: Counter[tuple[str, str]]) -> Finding:
    line = _clean(source.line_text(remainder.line))
    return Finding(
        id=_id(path, "KEPT", line, count),
        file=path,
        line=remainder.line,
        column=source.column_of(remainder.start),
        verdict=Verdict.KEPT,
        rule="KEPT",
        name=remainder.name,
        why=remainder.why[:1].upper() + remainder.why[1:] + ".",
        before=line,
        after=line,
    )


def _id(path: str, rule: str, line: str, count: Counter[tuple[str, str]]) -> str:
    """An id that stays when a site only moves: file, rule, the line's words, and which of its like it is."""
    key = (rule, words(line))
    count[key] += 1
    told = "\0".join((path, rule, key[1], str(count[key])))
    return f"{rule}-{hashlib.sha256(told.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"


def numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of one file in their order, with ids that no two of them share."""
    count: Counter[tuple[str, str]] = Counter()
    ordered = sorted(findings, key=lambda f: (f.line, f.column, f.rule, f.id))
    return tuple(replace(f, id=_id(f.file, f.rule, f.before or f.after, count)) for f in ordered)


def words(text: str) -> str:
    """The words of a line or of several, whatever their indentation."""
    return " ".join(text.split())


def unread(
    entry: Entry, raw: bytes, context: Context, line: int, reason: str, advice: str
) -> tuple[FilePlan | None, list[Problem]]:
    """A file that nobody could read: a problem, and each line that names an accelerator is a person's."""
    source = Source(raw)
    count: Counter[tuple[str, str]] = Counter()
    findings = []
    for number in sorted({source.line_of(start) for start, _ in context.triage.named(raw)}):
        text = _clean(source.line_text(number))
        findings.append(
            Finding(
                id=_id(entry.path, "UNREAD", text, count),
                file=entry.path,
                line=number,
                column=1,
                verdict=Verdict.MANUAL,
                rule="UNREAD",
                name="file-not-understood",
                why=f"porter could not read this file. {reason}",
                before=text,
                after=text,
                advice=advice,
                effort=15,
            )
        )
    problem = Problem(entry.path, line, reason, advice)
    plan = (
        FilePlan(
            entry.path,
            hashlib.sha256(raw).hexdigest(),
            entry.kind,
            tuple(findings),
            raw,
            raw,
            tuple((finding.line, finding.line, finding.verdict) for finding in findings),
        )
        if findings
        else None
    )
    return plan, [problem]
