"""Kind `version`: a version that is demanded in code or pinned for an installer and that the target does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.kinds.gates import failing
from porter.model import Edit, Target, Verdict
from porter.packs.packages import Packages
from porter.packs.rule import Rule as Head
from porter.pins import judge_pin, judge_version, relax
from porter.pins.judge import Pin
from porter.proposal import Proposal, verdict_of
from porter.python.dotted import last_name
from porter.python.scene import Scene
from porter.requirements.requirement import Role

_HASHED = "The line has hashes of the files that it was made for, so its version cannot change without them."
_HASHED_ADVICE = "Write the target's version, and make the hashes anew with pip-compile or pip hash."


class Rule(Head, tag_field="kind", tag="version", frozen=True, kw_only=True):
    """The first argument of the `calls` is a requirement on `package`; it is relaxed to what the target has. `pins`
    are distributions whose pins, wherever they stand, are brought to what the target has; a test of one of the
    `gates`, such as torch.__version__, that fails on the target is a person's."""

    calls: tuple[str, ...] = ()  # last names of functions such as require_version_core
    package: str = "torch"
    pins: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()


def triggers(rule: Rule) -> set[str]:
    return {*rule.calls, *rule.gates}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    for rule in rules:
        for call in scene.module.calls if rule.calls else ():
            first = call.args[0] if call.args else None
            if last_name(call) in rule.calls and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield from _demanded(scene, rule, first)
        for node in scene.declared if rule.pins else ():
            yield from _declared(scene, rule, node)
        if rule.gates:
            yield from failing(scene, rule, rule.gates)


def _demanded(scene: Scene, rule: Rule, node: ast.Constant) -> Iterator[Proposal]:
    text = str(node.value)
    found = re.fullmatch(re.escape(rule.package) + r"\s*(?=[=<>!~])(.+)", text)
    if found is None:
        return
    source, has = scene.module.source, scene.target.torch
    start, end = source.start(node), source.end(node)
    changes = relax(found[1], has)
    if changes == []:
        met = f"The target's {rule.package} {has} meets {found[1]}."
        yield Proposal(rule, start, end, Verdict.KEPT, because=met)
        return
    site = Proposal(rule, start, end, verdict_of(rule.safety), because=f"The target comes with {rule.package} {has}.")
    at = source.data.find(text.encode(), start, end)
    if changes is None or at < 0:
        yield site.withheld(site.because, f"Decide whether {rule.package} {has} will do, and relax the check.")
        return
    moved = Pin(rule.package, site.because, tuple(c.moved(found.start(1)) for c in changes))
    yield Proposal(rule, start, end, site.verdict, _edits(text, at, moved), site.because)


def _declared(scene: Scene, rule: Rule, node: ast.Constant) -> Iterator[Proposal]:
    text, source = str(node.value), scene.module.source
    start, end = source.start(node), source.end(node)
    at = source.data.find(text.encode(), start, end)
    python = scene.declared[node] is Role.PYTHON
    pin = judge_version("python", text, scene.target) if python else judge_pin(text, scene.target)
    site = site_of(rule, pin, text, at, scene.target) if at >= 0 and pin is not None else None
    if site is not None:
        yield site


def pinned(rule: Rule, text: str, start: int, target: Target, *, hashed: bool = False) -> Proposal | None:
    """The site of a requirement that stands at an offset, where its version is wrong for the target."""
    pin = judge_pin(text, target)
    return site_of(rule, pin, text, start, target, hashed=hashed) if pin is not None else None


def site_of(rule: Rule, pin: Pin, text: str, start: int, target: Target, *, hashed: bool = False) -> Proposal | None:
    """The site of a pin; None for one that may stay as it is."""
    if pin.name not in rule.pins or not (pin.changes or pin.trouble):
        return None
    end = start + len(text.encode())
    package = Packages.shared().distributed(pin.name)
    advice = (package.advice(target.name) if package else None) or rule.advice
    site = Proposal(rule, start, end, verdict_of(rule.safety), (), pin.because or pin.trouble, advice, pin.name)
    if pin.trouble:
        return site.withheld(pin.trouble, advice)
    if hashed:
        return site.withheld(f"{pin.because} {_HASHED}", _HASHED_ADVICE)
    return Proposal(rule, start, end, site.verdict, _edits(text, start, pin), pin.because, advice, pin.name)


def _edits(text: str, start: int, pin: Pin) -> tuple[Edit, ...]:
    def offset(character: int) -> int:
        return start + len(text[:character].encode())

    return tuple(
        Edit(offset(c.start), offset(c.end), c.new.encode(), text[c.start : c.end].encode()) for c in pin.changes
    )
