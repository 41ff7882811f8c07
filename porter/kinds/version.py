"""Kind `version`: a check in code that demands a version which the target's torch may not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from porter.model import Edit, Verdict
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.dotted import last_name
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="version", frozen=True, kw_only=True):
    """The first argument of the `calls` is a requirement on `package`; it is relaxed to what the target has."""

    calls: tuple[str, ...]  # last names of functions such as require_version_core
    package: str = "torch"


def triggers(rule: Rule) -> set[str]:
    return set(rule.calls)


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        for call in scene.module.calls:
            first = call.args[0] if call.args else None
            if last_name(call) in rule.calls and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield from _judge(scene, rule, first)


def _judge(scene: Scene, rule: Rule, node: ast.Constant) -> Iterator[Proposal]:
    source, text = scene.module.source, str(node.value)
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return
    if wanted.name != rule.package or not wanted.specifier:
        return
    start, end = source.start(node), source.end(node)
    has = scene.target.torch
    if wanted.specifier.contains(has, prereleases=True):
        yield Proposal(
            rule, start, end, Verdict.KEPT, because=f"The target's {rule.package} {has} meets {wanted.specifier}."
        )
        return
    relaxed = relax(wanted.specifier, has)
    site = Proposal(rule, start, end, verdict_of(rule.safety), because=f"The target comes with {rule.package} {has}.")
    raw = source.data[start:end]
    old = str(text[len(rule.package) :]).strip()
    at = raw.find(old.encode())
    if relaxed is None or at < 0:
        yield site.withheld(site.because, f"Decide whether {rule.package} {has} will do, and relax the check.")
        return
    edit = Edit(start + at, start + at + len(old.encode()), relaxed.encode(), old.encode())
    yield Proposal(rule, start, end, site.verdict, (edit,), site.because)


def relax(specifier: SpecifierSet, version: str) -> str | None:
    """The same requirement with its lower bounds brought down to `version`; None when that is not enough."""
    short = ".".join(version.split(".")[:2])
    parts = [
        f">={short}"
        if part.operator in {">=", ">", "~=", "=="} and not part.contains(version, prereleases=True)
        else str(part)
        for part in sorted(specifier, key=str)
    ]
    relaxed = ",".join(dict.fromkeys(parts))
    try:
        return relaxed if SpecifierSet(relaxed).contains(version, prereleases=True) else None
    except InvalidSpecifier:
        return None
