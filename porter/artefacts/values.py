"""Values under a name: an option, a key or a variable that says whether its value is a device or a backend."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from porter.artefacts.page import Page, manual
from porter.kinds import literal
from porter.kinds.literal import BOTH_ENDS, BOTH_ENDS_ADVICE
from porter.model import Edit, Safety, Verdict
from porter.options import Answer
from porter.packs.positions import Position
from porter.proposal import Proposal, verdict_of

# Under these keys a value is what the key above them says: `device: {type: cuda}`.
_NEUTRAL = frozenset({"type", "name", "value", "default", "values", "choices", "kind"})
_SUPPORTED = "{!r} is already among the values here: the upstream project supports the target itself."


@dataclass(frozen=True)
class Passed:
    """The option under which a value reaches a program of the checkout. `surely`: it is typed on a command line."""

    option: str
    program: str = ""
    surely: bool = True


def value(
    page: Page,
    names: tuple[str, ...],
    text: str,
    start: int,
    what: str,
    *,
    strict: bool = True,
    beside: Collection[str] = (),
    passed: Collection[Passed] = (),
) -> Iterator[Proposal]:
    """The site of a value. `names` are those that carry it, the nearest first; `text` has a 0 for each placeholder.

    With `strict` a value in no known position is a person's; without it nothing is said about such a value.
    `beside` are the other values that the same name can have here. Where the value is `passed` to an option of the
    checkout, it changes together with the option's own values or not at all.
    """
    if len(text) > 200:
        return
    for rule, position in page.literals:
        if not _holds(rule, position, text):
            continue
        end = start + len(rule.value)
        carried = _carried(names, position)
        held, moved = _other_ends(page, rule, text, passed)
        if held and rule.to is not None:
            where = held[0].where
            yield manual(rule, start, end, BOTH_ENDS.format(where=where), BOTH_ENDS_ADVICE)
            return
        if carried or moved:
            yield _sited(rule, start, what, beside, carried, moved)
            return
        if strict and rule.to is not None:  # a value without a counterpart is an everyday word elsewhere
            advice = f"If it means what the rule speaks of, write {rule.to!r} here; if not, leave it."
            yield manual(
                rule, start, end, f"Here it is the value of {what}, so porter cannot tell what it means.", advice
            )
            return


def _sited(
    rule: literal.Rule,
    start: int,
    what: str,
    beside: Collection[str],
    carried: bool,
    moved: list[tuple[Passed, Answer]],
) -> Proposal:
    """The site of a value that changes: its name says what it is, or the other end does."""
    because = f"It is the value of {what}."
    if moved:
        because += f" {moved[0][1].where} defines the option, with the same change."
    site = _site(rule, start, because)
    if any(other == rule.to or other.startswith(f"{rule.to}:") for other in beside):
        return site.withheld(_SUPPORTED.format(rule.to), "Check which of the values this place needs.")
    if carried or any(passed.surely for passed, _ in moved):
        return site
    return replace(site, verdict=Verdict.REVIEW, advice=f"Check that this key feeds the option of {moved[0][1].where}.")


def _other_ends(
    page: Page, rule: literal.Rule, text: str, passed: Collection[Passed]
) -> tuple[list[Answer], list[tuple[Passed, Answer]]]:
    """The definitions of the option that keep the value, and those that change it."""
    new = (rule.to or "") + text[len(rule.value) :]
    asked = [(each, page.context.options.answer(each.option, text, new, each.program)) for each in passed]
    held = [answer for each, answer in asked if answer is not None and answer.verdict != "moves" and each.surely]
    return held, [(each, answer) for each, answer in asked if answer is not None and answer.verdict == "moves"]


def _holds(rule: literal.Rule, position: Position, text: str) -> bool:
    if not text.startswith(rule.value):
        return False
    rest = text[len(rule.value) :]
    return not rest or re.fullmatch(position.suffix or r"(?!)", rest) is not None


def _carried(names: tuple[str, ...], position: Position) -> bool:
    for name in names:
        plain = name.replace("-", "_").strip("_+")
        last = plain.rpartition(".")[2]
        if any(re.search(position.names, form) for form in (plain, last, last.lower())):
            return True
        if last.lower() not in _NEUTRAL:
            return False
    return False


def _site(rule: literal.Rule, start: int, because: str) -> Proposal:
    end = start + len(rule.value)
    if rule.to is None or rule.safety is Safety.MANUAL:
        return manual(rule, start, end, because)
    edit = Edit(start, end, rule.to.encode(), rule.value.encode())
    return Proposal(rule, start, end, verdict_of(rule.safety), (edit,), because)
