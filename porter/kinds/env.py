"""Kind `env`: an environment variable that another runtime reads under another name, in Python and in shell text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.model import Edit, Verdict
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.prose import is_message
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="env", frozen=True, kw_only=True):
    """Each of the `variables` becomes its value; a variable without one has no counterpart and is a person's."""

    variables: dict[str, str | None]


def triggers(rule: Rule) -> set[str]:
    return set(rule.variables)


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    table = {name: (rule, new) for rule in rules for name, new in rule.variables.items()}
    if not table:
        return
    for node in scene.module.strings:
        parent = scene.module.parents.get(node)
        if isinstance(parent, (ast.JoinedStr, ast.Expr)):
            continue
        yield from _in_string(scene, node, table)
    source = scene.module.source
    for named, name in scene.module.named:
        if name in table and isinstance(named, ast.keyword):  # dict(os.environ, CUDA_VISIBLE_DEVICES="0")
            start = source.start(named)
            yield from _site(*table[name], name, start, "It is an item of an environment.")


def _in_string(
    scene: Scene, node: ast.Constant | ast.JoinedStr, table: dict[str, tuple[Rule, str | None]]
) -> Iterator[Proposal]:
    source = scene.module.source
    raw = source.text(node)
    whole = node.value if isinstance(node, ast.Constant) else None
    if isinstance(whole, str) and whole in table:
        at = raw.find(whole.encode())
        if at >= 0 and is_message(scene.module, node) is None:
            yield from _site(*table[whole], whole, source.start(node) + at, "")
        return
    for name, start in command_variables(raw, table):
        site = next(_site(*table[name], name, source.start(node) + start, "It is set in a command line."))
        if is_message(scene.module, node) is not None or (
            isinstance(node, ast.Constant) and not _is_command(scene, node)
        ):
            yield site.withheld(
                "It stands in a text that may be a command or a message.",
                f"If it is a command, set {table[name][1] or 'nothing'} instead.",
            )
        else:
            yield site


def _is_command(scene: Scene, node: ast.Constant) -> bool:
    text = str(node.value).lstrip()
    if re.match(r"(env\s+|export\s+)?[A-Z_]+=\S*\s+\S*(python|torchrun|accelerate|deepspeed|bash|sh|\./)", text):
        return True
    parent = scene.module.parents.get(node)
    callee = getattr(parent, "func", None)
    name = getattr(callee, "attr", getattr(callee, "id", ""))
    return name in {"system", "run", "Popen", "call", "check_call", "check_output", "popen", "getoutput"}


def command_variables(text: bytes, table: dict[str, tuple[Rule, str | None]]) -> Iterator[tuple[str, int]]:
    """The variables that a piece of shell text sets, with their offsets."""
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
