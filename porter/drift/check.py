"""Checks a port against its lock: what a newer upstream would bring, and what it stands on that is not as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from porter.bump.choice import choice_for
from porter.bump.port import Port
from porter.bump.upstream import Wish, new_upstream
from porter.drift import compare, ground
from porter.drift.entry import Drift, Entry, Kind, Level, ordered
from porter.drift.match import match
from porter.drift.site import of_lock, of_plan
from porter.model import Plan, Verdict
from porter.plan import make_plan

_NOT_LOOKED = "Upstream was not looked at; name a revision of it with --upstream."


def against_lock(port: Port, wish: Wish, rules: tuple[Path, ...], cache: Path | None) -> Drift:
    """The port against its lock, and against another upstream where `wish.to` names one."""
    from porter.checkout.source import open_checkout

    lock = port.lock
    with open_checkout(str(port.root)) as checkout:
        here = make_plan(checkout, choice_for(port, checkout, "", rules), cache=cache)
    entries = [*_undone(here), *ground.rules(lock, here)]
    if not wish.to:
        entries += ground.evidence(port.root, lock.upstream.commit)
        return Drift(
            lock.upstream.name, lock.target.name, lock.upstream.commit, "", ordered(entries), notes=(_NOT_LOOKED,)
        )
    with new_upstream(port, wish) as new:
        plan = make_plan(new, choice_for(port, new, "", rules), cache=cache)
        commit = new.origin.commit or new.root.name
    old, now = of_lock(lock), of_plan(plan)
    entries += compare.entries(match(old, now), safe=Level.WARNING)
    entries += compare.unread((), [p for p in plan.problems if p.file not in {q.file for q in here.problems}])
    entries += ground.pins(lock, plan)
    entries += ground.evidence(port.root, plan.origin.commit)
    return Drift(
        lock.upstream.name,
        lock.target.name,
        lock.upstream.commit,
        commit,
        ordered(entries),
        compare.counted(old, now),
        plan.notes,
    )


def _undone(plan: Plan) -> Iterator[Entry]:
    """Places of the port itself that porter would port: a person brought them in since."""
    for finding in plan.findings:
        if finding.edits and finding.verdict is Verdict.PORTED:
            yield Entry(
                Kind.NEW,
                Level.ERROR,
                f"{finding.rule} {finding.name}",
                f"This place of the port itself is for CUDA: it came in after porter made the port. {finding.why}",
                finding.file,
                finding.line,
                finding.column,
                finding.rule,
                finding.id,
                finding.before.strip()[:160],
                verdict=finding.verdict.value,
            )
