"""Plans the port once more: what is left in it, with the port's own lines."""

from __future__ import annotations

from pathlib import Path

from porter.lock import Lock
from porter.model import Finding, Plan, Verdict


class Replan:
    """The second plan of a port, by place."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.findings = list(plan.findings)
        self.helpers = frozenset(added.path for added in plan.added)  # what an agnostic port brings along
        self._by_place: dict[str, list[Finding]] = {}
        for finding in self.findings:
            self._by_place.setdefault(f"{finding.file}:{finding.line}", []).append(finding)

    @property
    def undone(self) -> list[Finding]:
        """Places that porter would change: there must be none in a port, where those for review are changed, too."""
        return [f for f in self.findings if f.edits and f.verdict in (Verdict.PORTED, Verdict.REVIEW)]

    def at(self, place: str) -> list[Finding]:
        """The findings of a line, `file:line`."""
        return self._by_place.get(place, [])

    def kept(self, place: str) -> str:
        """Why porter left CUDA on this line on purpose; "" where it did not."""
        if place.rpartition(":")[0] in self.helpers:
            return "It is the helper module, which asks for one accelerator after the other."
        found = self.at(place)
        return found[0].why if found and all(f.verdict is Verdict.KEPT for f in found) else ""

    def left_to_a_person(self, place: str) -> str:
        """The rule by which porter left this line to a person; "" where it did not."""
        asked = (Verdict.MANUAL, Verdict.REVIEW)
        return next((f"{f.rule}: {f.advice or f.why}" for f in self.at(place) if f.verdict in asked), "")


def replan(port: Path, lock: Lock) -> Replan:
    """Plans the port for the lock's target, with the rules that the lock was made with."""
    return Replan(plan_of(port, lock))


def plan_of(folder: Path, lock: Lock) -> Plan:
    """The plan of any folder, as the lock's was made."""
    from porter.bump.choice import choice_of
    from porter.checkout.source import open_checkout
    from porter.plan import make_plan

    with open_checkout(str(folder)) as checkout:
        return make_plan(checkout, choice_of(lock))
