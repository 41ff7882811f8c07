"""For programs: every finding with all that is known about it, after a published schema."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

import porter
from porter.model import Plan, Target, Verdict
from porter.report import document
from porter.report.safe import plain
from porter.report.summary import Counts, in_order, summarise
from porter.report.upstream import public_url


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every report.json of this porter follows."""
    return document.json_schema()


def render(plan: Plan) -> str:
    report = document.Report(
        format=document.FORMAT,
        porter=porter.__version__,
        origin=_origin(plan),
        target=_target(plan.target),
        others=[_target(each) for each in plan.others] or UNSET,
        packs=[_pack(pack.name, pack.digest, pack.disabled) for pack in plan.packs],
        summary=_summary(plan),
        findings=_findings(plan),
        problems=[
            document.Problem(plain(problem.file), max(0, problem.line), plain(problem.reason), plain(problem.advice))
            for problem in sorted(plan.problems, key=lambda problem: (problem.file, problem.line))
        ],
        dependencies=[
            document.Dependency(
                plain(need.name),
                [plain(place) for place in need.where],
                plain(need.advice),
                plain(need.verdict),
                [plain(source) for source in need.evidence],
            )
            for need in sorted(plan.dependencies, key=lambda need: need.name)
        ],
        notes=[plain(note) for note in plan.notes],
        account=[
            document.Account(
                kind=tally.kind,
                found=tally.found,
                missing=len(tally.missing),
                effort=tally.effort,
                **{verdict.value: amount for verdict, amount in tally.counts},
            )
            for tally in plan.account
        ],
    )
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _target(target: Target) -> document.Target:
    return document.Target(target.name, target.version, target.torch, target.title)


def _origin(plan: Plan) -> document.Origin:
    origin = plan.origin
    dirty = sorted(plain(file) for file in origin.dirty)
    return document.Origin(plain(origin.name), public_url(origin), plain(origin.commit), dirty)


def _pack(name: str, digest: str, disabled: tuple[tuple[str, str], ...]) -> document.Pack:
    return document.Pack(
        plain(name), plain(digest), [document.Disabled(plain(rule), plain(why)) for rule, why in disabled]
    )


def _summary(plan: Plan) -> document.Summary:
    summary = summarise(plan)
    return document.Summary(
        found=summary.found,
        **_counts(summary.counts),
        scanned=summary.scanned,
        untouched=summary.untouched,
        changed=summary.changed,
        unread=summary.unread,
        effort=summary.effort,
        kinds=[
            document.Kind(kind=kind.name, files=kind.files, changed=kind.changed, **_counts(kind.counts))
            for kind in summary.kinds
        ],
    )


def _counts(counts: Counts) -> dict[str, int]:
    return {verdict.value: counts[verdict] for verdict in Verdict}


def _findings(plan: Plan) -> list[document.Finding]:
    return [
        document.Finding(
            id=plain(finding.id),
            file=plain(finding.file),
            line=finding.line,
            column=finding.column,
            verdict=finding.verdict.value,
            rule=plain(finding.rule),
            name=plain(finding.name),
            why=plain(finding.why),
            advice=plain(finding.advice),
            before=plain(finding.before),
            after=plain(finding.after),
            links=[plain(link) for link in finding.links],
            effort=finding.effort,
            on={name: verdict.value for name, verdict in finding.on} or UNSET,
        )
        for finding in in_order(plan.findings)
    ]
