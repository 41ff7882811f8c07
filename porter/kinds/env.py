"""Kind `env`: an environment variable that another runtime reads under another name, in Python and in shell text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from porter.kinds.import_ import imports_of
from porter.model import Edit, Verdict
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.commands import is_command
from porter.python.dotted import last_name
from porter.python.prose import is_message
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="env", frozen=True, kw_only=True):
    """Each of the `variables` becomes its value; a variable without one has no counterpart and is a person's. So is one
    that matches `others`, where code reads or sets it in an environment and no rule knows it."""

    variables: dict[str, str | None] = msgspec.field(default_factory=dict)
    others: str = ""
    early: bool = False  # it is read when the device is first used, so that it must be set before torch is imported
    words: tuple[str, ...] = ()  # one of them stands in every variable that `others` matches


def triggers(rule: Rule) -> set[str]:
    return {*rule.variables, *rule.words}


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    table = {name: (rule, new) for rule in rules for name, new in rule.variables.items()}
    for node in scene.module.strings:
        parent = scene.module.parents.get(node)
        if isinstance(parent, (ast.JoinedStr, ast.Expr)):
            continue
        yield from _in_string(scene, node, table)
        if isinstance(node, ast.Constant) and node.value not in table and _in_environment(scene, node):
            start, end = scene.module.source.start(node), scene.module.source.end(node)
            for rule in rules:
                if rule.others and re.fullmatch(rule.others, str(node.value)):
                    yield Proposal(rule, start, end, Verdict.MANUAL)
    source = scene.module.source
    for named, name in scene.module.named:
        if name in table and isinstance(named, ast.keyword):  # dict(os.environ, CUDA_VISIBLE_DEVICES="0")
            start = source.start(named)
            yield from _site(*table[name], name, start, "It is an item of an environment.")


def _in_environment(scene: Scene, node: ast.Constant) -> bool:
    """`os.environ["X"]`, `os.getenv("X")`, `env.setdefault("X", ...)`."""
    parent = scene.module.parents.get(node)
    if isinstance(parent, ast.Subscript):
        return "env" in last_name(parent.value).lower()
    if isinstance(parent, ast.Compare):
        return any("environ" in last_name(side) for side in parent.comparators)
    if isinstance(parent, ast.Call) and isinstance(parent.func, (ast.Attribute, ast.Name)):
        owner = last_name(parent.func.value).lower() if isinstance(parent.func, ast.Attribute) else ""
        return last_name(parent) in {"getenv", "putenv", "unsetenv"} or "env" in owner
    return False


def _comes_late(scene: Scene, node: ast.expr, rule: Rule) -> bool:
    """Whether a variable that must be set early is set below an import of torch: `os.environ["X"] = "0"`."""
    parent = scene.module.parents.get(node)
    sets = isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)
    if not rule.early or not sets:
        return False
    return any(
        statement.lineno < node.lineno and scene.module.parents.get(statement) is scene.module.tree
        for statement in imports_of(scene.module, "torch")
    )


def _late(site: Proposal) -> Proposal:
    because = "It is set after torch is imported; the target's runtime may have read it by then."
    advice = "Set it before the first import of torch, or outside of the program."
    verdict = Verdict.REVIEW if site.verdict is Verdict.PORTED else site.verdict
    return replace(site, verdict=verdict, because=f"{site.because} {because}".strip(), advice=advice)


def _in_string(
    scene: Scene, node: ast.Constant | ast.JoinedStr, table: dict[str, tuple[Rule, str | None]]
) -> Iterator[Proposal]:
    source = scene.module.source
    raw = source.text(node)
    whole = node.value if isinstance(node, ast.Constant) else None
    if isinstance(whole, str) and whole in table:
        at = raw.find(whole.encode())
        if at >= 0 and is_message(scene.module, node) is None:
            for site in _site(*table[whole], whole, source.start(node) + at, ""):
                yield _late(site) if _comes_late(scene, node, table[whole][0]) else site
        return
    opening = raw.find(raw[-1:])
    if is_command(scene, node, raw[opening + 1 : -1]):
        return  # read as the shell would, in porter.python.commands
    for name, start in _assigned(raw, table):
        if is_message(scene.module, node) is None:
            new = table[name][1]
            site = next(_site(*table[name], name, source.start(node) + start, ""))
            yield site.withheld(
                "It stands in a text that may be a command or a message.",
                f"If it is a command, set {new} instead." if new else "",
            )


def _assigned(text: bytes, table: dict[str, tuple[Rule, str | None]]) -> Iterator[tuple[str, int]]:
    """The variables that a text sets as a shell would, with their offsets."""
    for found in re.finditer(rb"(?<![\w$\-])([A-Z][A-Z0-9_]+)=", text):
        name = found[1].decode()
        if name in table:
            yield name, found.start(1)


def _site(rule: Rule, new: str | None, name: str, start: int, because: str) -> Iterator[Proposal]:
    end = start + len(name.encode())
    if new is None:
        yield Proposal(
            rule, start, end, Verdict.MANUAL, because=f"{name} has no counterpart on the target. {because}".strip()
        )
    else:
        edit = Edit(start, end, new.encode(), name.encode())
        yield Proposal(rule, start, end, verdict_of(rule.safety), (edit,), because)
