"""Values under a name: an option, a key or a variable that says whether its value is a device or a backend."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from porter.artefacts.page import Page, manual
from porter.kinds import literal
from porter.model import Edit, Safety
from porter.packs.positions import Position
from porter.proposal import Proposal, verdict_of

# Under these keys a value is what the key above them says: `device: {type: cuda}`.
_NEUTRAL = frozenset({"type", "name", "value", "default", "values", "choices", "kind"})
_SUPPORTED = "{!r} is already among the values here: the upstream project supports the target itself."


def value(
    page: Page,
    names: tuple[str, ...],
    text: str,
    start: int,
    what: str,
    *,
    strict: bool = True,
    beside: Collection[str] = (),
) -> Iterator[Proposal]:
    """The site of a value. `names` are those that carry it, the nearest first; `text` has a 0 for each placeholder.

    With `strict` a value in no known position is a person's; without it nothing is said about such a value.
    `beside` are the other values that the same name can have here.
    """
    if len(text) > 200:
        return
    for rule, position in page.literals:
        if not _holds(rule, position, text):
            continue
        end = start + len(rule.value)
        if _carried(names, position):
            site = _site(rule, start, f"It is the value of {what}.")
            known = any(other == rule.to or other.startswith(f"{rule.to}:") for other in beside)
            yield (
                site.withheld(_SUPPORTED.format(rule.to), "Check which of the values this place needs.")
                if known
                else site
            )
            return
        if strict and rule.to is not None:  # a value without a counterpart is an everyday word elsewhere
            advice = f"If it means what the rule speaks of, write {rule.to!r} here; if not, leave it."
            yield manual(
                rule, start, end, f"Here it is the value of {what}, so porter cannot tell what it means.", advice
            )
            return


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
