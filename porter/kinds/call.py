"""Kind `call`: an expression that matches a pattern is rewritten by a second pattern."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import msgspec

from porter.kinds import import_
from porter.model import Verdict
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.dotted import last_name
from porter.python.guarded import guarded_kernels
from porter.python.patterns import Match, Pattern, compile_pattern, compile_replacement, match
from porter.python.receivers import Owner, owner
from porter.python.rewrites import rewrite
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="call", frozen=True, kw_only=True):
    """`match` is a pattern such as `$T.cuda($$$A)`, `replace` what it becomes."""

    match: str
    replace: str | None = None
    imports: str = ""  # a module whose name the replacement uses, so that the file must import it under that name
    # Forms of `match` that each become something else; the first that fits.
    cases: dict[str, str] = msgspec.field(default_factory=dict)
    except_in: tuple[str, ...] = ()  # keyword arguments in which the place is a person's
    reaches: bool = True  # the edited code reaches the device, so that the vendor's module must have been imported


pattern = cache(compile_pattern)
replacement = cache(compile_replacement)


def triggers(rule: Rule) -> set[str]:
    return {pattern(rule.match).trigger}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    by_key: dict[str, list[tuple[Rule, Pattern]]] = {}
    for rule in rules:
        wanted = pattern(rule.match)
        by_key.setdefault(wanted.key, []).append((rule, wanted))
    yield from _definitions(scene, by_key)
    for node in _candidates(scene):
        key = last_name(node)
        rules_here = [
            (rule, wanted, found)
            for rule, wanted in by_key.get(key, ())
            if wanted.is_call == isinstance(node, ast.Call)
            for found in [match(wanted, node, scene.names)]
            if found is not None
        ]
        most = max((wanted.specific for _, wanted, _ in rules_here), default=None)
        for rule, wanted, found in rules_here:
            if wanted.specific == most:
                yield from _judge(scene, rule, wanted, node, found)


def _definitions(scene: Scene, by_key: dict[str, list[tuple[Rule, Pattern]]]) -> Iterator[Proposal]:
    """A class with a method of that name: callers of it must keep the name, callers of torch's must not."""
    source = scene.module.source
    for function in scene.module.functions:
        home = scene.module.parents.get(function)
        for rule, wanted in by_key.get(function.name, ()):
            if isinstance(home, ast.ClassDef) and wanted.receiver is not None:
                start = source.start(function)
                end = source.data.index(b"(", start)
                own = f"{home.name} defines a method {function.name!r} of its own, whose name porter leaves alone."
                advice = (
                    f"If generic code moves objects of {home.name}, give it a method for the target beside this one."
                )
                yield Proposal(rule, start, end, Verdict.MANUAL, because=own, advice=advice)


def _candidates(scene: Scene) -> Iterator[ast.expr]:
    yield from scene.module.calls
    for chain in scene.module.chains:
        at: ast.expr = chain.node
        while isinstance(at, ast.Attribute):
            yield at
            at = at.value
    yield from scene.module.attributes


def _imports(scene: Scene, name: str) -> bool:
    """Whether the file binds a module under its own name, or porter will: the vendor's module comes with any edit."""
    if any(rule.add == name for rule in scene.pack.of(import_.Rule)):
        return True
    aliases = (alias for s in scene.module.all_imports if isinstance(s, ast.Import) for alias in s.names)
    return any(alias.name.partition(".")[0] == name and alias.asname is None for alias in aliases)


def _judge(scene: Scene, rule: Rule, wanted: Pattern, node: ast.expr, found: Match) -> Iterator[Proposal]:
    source = scene.module.source
    callee = node.func if isinstance(node, ast.Call) else node
    meaning = scene.names.expression(callee) if wanted.receiver is not None else None
    if meaning is not None and meaning.qualified in scene.pack.named:
        return  # a rule speaks of this very name: `torch.nn.Module.cuda(model)` has no receiver
    end = source.end(callee)
    start = end - len(wanted.key.encode())
    site = Proposal(rule, start, end, verdict_of(rule.safety), runs=True)
    if wanted.receiver is not None:
        whose, because = owner(scene, found.one[wanted.receiver], wanted)
        if whose is Owner.OTHER:
            yield Proposal(rule, start, end, Verdict.KEPT, because=because)
            return
        if whose is Owner.UNSURE:
            site = Proposal(rule, start, end, Verdict.REVIEW, because=because, runs=True)
        elif not wanted.is_call and (caution := scene.caution or guarded_kernels(scene, node)):
            site = Proposal(rule, start, end, Verdict.REVIEW, because=caution, runs=True)
    form, became, found = _form(scene, rule, wanted, node, found)
    around = [above.arg for above in scene.module.ancestors(node) if isinstance(above, ast.keyword)]
    if became is None or any(name in rule.except_in for name in around):
        yield site.withheld(site.because)
        return
    if rule.imports and not _imports(scene, rule.imports):
        yield site.withheld(f"The file does not import {rule.imports} under its own name, which the replacement needs.")
        return
    edits = tuple(rewrite(form, became, node, found, source))
    yield Proposal(rule, start, end, site.verdict, edits, site.because, runs=True)


def _form(
    scene: Scene, rule: Rule, wanted: Pattern, node: ast.expr, found: Match
) -> tuple[Pattern, Pattern | None, Match]:
    """The form in which a place matches, and what that becomes."""
    for form, became in rule.cases.items():
        match_of_form = match(pattern(form), node, scene.names)
        if match_of_form is not None:
            return pattern(form), replacement(became), match_of_form
    return wanted, None if rule.replace is None else replacement(rule.replace), found
