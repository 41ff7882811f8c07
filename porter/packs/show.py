"""Rules as text: a list, and a single rule explained."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from porter import kinds
from porter.errors import UsageError
from porter.packs.load import Upstream, load, optional, pack_paths, read_pack
from porter.packs.pack import Pack
from porter.packs.rule import Rule
from porter.targets.catalog import names, resolve


def _packs(target: str | None, extra: tuple[Path, ...]) -> Iterable[tuple[str, Pack]]:
    """The resolved pack for each target, each upstream project that has rules of its own, and each optional pack."""
    upstreams = sorted(
        {file.upstream for path in pack_paths(extra).values() for file in [read_pack(path)] if file.upstream}
    )
    for spec in [target] if target else names():
        chosen, _ = resolve(spec)
        for upstream in (Upstream(), *(Upstream(each) for each in upstreams)):
            yield chosen.name, load(chosen, upstream, extra)
        for name in optional():
            yield chosen.name, load(chosen, Upstream(), (*extra, Path(name)))


def listing(target: str | None, extra: tuple[Path, ...]) -> str:
    """A line for each rule: id, safety, kind, pack, name."""
    rows: dict[str, tuple[Rule, str, set[str]]] = {}
    for name, pack in _packs(target, extra):
        for rule in pack.rules:
            rows.setdefault(rule.id, (rule, pack.home[rule.id], set()))[2].add(name)
    return "\n".join(
        f"{rule.id:8} {rule.safety.value:7} {kinds.kind_of(rule):8} {home:14} {rule.name}  ({', '.join(sorted(used))})"
        for _, (rule, home, used) in sorted(rows.items())
    )


# What findings are called that come from no rule.
_WITHOUT_RULE = {
    "KEPT": "A place that names an accelerator and that no rule speaks of: it stays, and the finding says what it is.",
    "UNREAD": "A place in a file that porter could not read: a person has to, and the finding says what helps.",
}


def explain(wanted: str, target: str | None, extra: tuple[Path, ...]) -> str:
    """A rule in words, with its examples, for each target that has it."""
    rule_id = wanted.partition("-")[0].upper()
    if rule_id in _WITHOUT_RULE:
        return f"{rule_id}\n\n{_WITHOUT_RULE[rule_id]}"
    found: dict[str, list[str]] = {}
    known: set[str] = set()
    for name, pack in _packs(target, extra):
        known |= {rule.id for rule in pack.rules}
        for rule in pack.rules:
            text = _rule(rule, pack.home[rule.id])
            if rule.id == rule_id and name not in found.get(text, []):
                found.setdefault(text, []).append(name)
    if not found:
        near = difflib.get_close_matches(rule_id, sorted(known), n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"There is no rule {rule_id!r}.{hint} `porter rules list` shows them all.")
    return "\n\n".join(f"{text}\n\nTargets: {', '.join(targets)}" for text, targets in found.items())


def _rule(rule: Rule, home: str) -> str:
    facts = f"{kinds.kind_of(rule)}, {rule.safety.value}, from the pack {home}, since porter {rule.since}"
    lines = [f"{rule.id} {rule.name} ({facts})", "", rule.why]
    if rule.advice:
        lines += ["", f"What a person does: {rule.advice}"]
    if rule.links:
        lines += ["", *rule.links]
    for example in rule.examples:
        lines += ["", *_diff(example.before, example.after)]
    return "\n".join(lines)


def _diff(before: str, after: str | None) -> list[str]:
    if after is None or after == before:
        return [f"    {line}" for line in before.splitlines()] + ["    (stays, and is reported)"]
    return [
        f"    {line}" for line in difflib.ndiff(before.splitlines(), after.splitlines()) if not line.startswith("?")
    ]
