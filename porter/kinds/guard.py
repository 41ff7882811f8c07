"""Kind `guard`: an import that is certain to fail on the target, wrapped where every use of it has another way."""

from __future__ import annotations

from collections.abc import Iterator

from porter.packs.packages import Packages
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="guard", frozen=True, kw_only=True):
    """The packages are those of `rules/facts/packages.yaml` that no build of the target's vendor brings."""


def triggers(rule: Rule) -> set[str]:  # noqa: ARG001  (every kind has it)
    return {f"import {name}" for name in Packages.shared().triggers()}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    if not rules:
        return
    source, rule = scene.module.source, rules[0]
    for each in scene.tied:
        if each.guard.wraps:
            statement = each.site.statement
            because = (
                f"The package is {each.package.name}; every use of it stands in a branch beside one that does without."
            )
            edits = each.guards.wrap(statement)
            span = source.start(statement), each.end
            yield Proposal(rule, *span, verdict_of(rule.safety), edits, because, subject=each.package.name)
