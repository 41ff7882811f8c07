"""Kind `flag`: places that no rule can port. Reported with advice, never changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.model import Safety, Verdict
from porter.packs.packages import Packages
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal
from porter.python.imports import import_sites
from porter.python.patterns import Pattern, match
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="flag", frozen=True, kw_only=True):
    """Qualified `names` (and all below them), expression `match` patterns, whole-string `strings`, or the `packages`
    that are tied to CUDA."""

    names: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # what `strings` can only match where one of these stands
    strings: tuple[str, ...] = ()  # regular expressions for the whole text of a string that is no prose
    keywords: tuple[str, ...] = ()  # names of keyword arguments
    packages: bool = False


def triggers(rule: Rule) -> set[str]:
    from porter.kinds.call import pattern

    words = {name.strip("*") for name in rule.names} | {pattern(text).trigger for text in rule.match}
    words |= {*rule.words, *rule.keywords}
    return words | ({f"import {name}" for name in Packages.shared().triggers()} if rule.packages else set())


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        if rule.packages:
            yield from _packages(scene, rule)
        if rule.match:
            yield from _patterns(scene, rule)
        if rule.strings:
            yield from _strings(scene, rule)
        if rule.keywords:
            yield from _keywords(scene, rule)
    yield from _names(scene, rules)


class _Names:
    """Flagged names: a listed name and all below it, or a glob. A rule that renames a longer name goes before."""

    def __init__(self, scene: Scene, rules: list[Rule]) -> None:
        from porter.kinds.api import Rule as Renaming

        self._renamed = {rule.source for rule in scene.pack.of(Renaming)}
        self._plain = {name: rule for rule in rules for name in rule.names if "*" not in name}
        self._globs = [(re.compile(re.escape(n).replace(r"\*", ".*")), r) for r in rules for n in r.names if "*" in n]

    def find(self, segments: tuple[str, ...]) -> tuple[Rule, bool] | None:
        """The rule that flags a name, and whether it is only a glob that does."""
        for length in range(len(segments), 0, -1):
            prefix = ".".join(segments[:length])
            if prefix in self._renamed:
                return None
            if prefix in self._plain:
                return self._plain[prefix], False
        whole = ".".join(segments)
        return next(((rule, True) for regex, rule in self._globs if regex.fullmatch(whole)), None)


def _names(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    known = _Names(scene, rules)
    source = scene.module.source
    for site in import_sites(scene.module):
        for alias in site.statement.names:
            found = known.find(site.qualified(alias))
            if found is not None:
                start, end = site.span(alias)
                yield Proposal(found[0], start, end, _verdict(found[0]), fallback=found[1])
    for chain in scene.module.chains:
        for meaning in scene.names.meanings(chain):
            found = known.find(meaning.segments)
            if found is not None:
                yield Proposal(found[0], source.start(chain.node), source.end(chain.node), _verdict(found[0]), fallback=found[1])
                break


def _verdict(rule: Rule) -> Verdict:
    """A flag that is safe says that the place may stay."""
    return Verdict.KEPT if rule.safety is Safety.SAFE else Verdict.MANUAL


def _patterns(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    from porter.kinds.call import pattern

    wanted: list[Pattern] = [pattern(text) for text in rule.match]
    source = scene.module.source
    nodes: list[ast.expr] = [*scene.module.calls, *(c.node for c in scene.module.chains), *scene.module.attributes]
    for node in nodes:
        callee = node.func if isinstance(node, ast.Call) else node
        key = callee.attr if isinstance(callee, ast.Attribute) else callee.id if isinstance(callee, ast.Name) else ""
        if any(p.key == key and match(p, node, scene.names) is not None for p in wanted):
            yield Proposal(rule, source.start(node), source.end(node), Verdict.MANUAL)


def _strings(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    wanted = [re.compile(text) for text in rule.strings]
    source = scene.module.source
    for node in scene.module.strings:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not isinstance(scene.module.parents.get(node), ast.Expr):
            text = node.value
            if any(regex.fullmatch(text) for regex in wanted):
                yield Proposal(rule, source.start(node), source.end(node), Verdict.MANUAL, fallback=True)


def _keywords(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    source = scene.module.source
    for node, name in scene.module.named:
        if isinstance(node, ast.keyword) and name in rule.keywords:
            yield Proposal(rule, source.start(node), source.start(node) + len(name.encode()), Verdict.MANUAL)


def _packages(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    """Imports of packages that the target lacks or replaces."""
    known = Packages.shared()
    for site in import_sites(scene.module):
        for alias in site.statement.names:
            segments = site.qualified(alias)
            if segments[0].startswith("."):
                continue
            package = known.imported(segments[0])
            advice = package.advice(scene.target.name) if package else None
            if package is not None and advice is not None:
                start, end = site.span(alias)
                yield Proposal(rule, start, end, Verdict.MANUAL, because=f"The package is {package.name}.", advice=advice)
                break  # one statement, one site
