"""What a rule must hold beyond its types: patterns parse, regular expressions compile, positions are known."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from porter import kinds
from porter.packs.positions import Position
from porter.python.patterns import compile_pattern, compile_replacement


def faults(rule: Any, positions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys of a rule that cannot be used as they stand, each with the reason."""
    for key, test in _TESTS.get(kinds.kind_of(rule), {}).items():
        given = getattr(rule, key)
        for text in (given,) if isinstance(given, str) else given or ():
            try:
                test(text)
            except (ValueError, re.error, SyntaxError) as error:
                yield key, _reason(text, error)
    where = getattr(rule, "where", None)
    if where is not None and where not in positions:
        yield "where", f"there is no position {where!r}; the known ones are {', '.join(sorted(positions))}"
    unbound = _placeholders(getattr(rule, "replace", None)) - _placeholders(getattr(rule, "match", None))
    if unbound:
        yield "replace", f"{', '.join(sorted(unbound))} does not stand in `match`"
    for form, became in getattr(rule, "cases", {}).items():
        if _placeholders(became) - _placeholders(form):
            yield "cases", f"{became!r} has a placeholder that does not stand in {form!r}"
    yield from _written_again(rule)


def _written_again(rule: Any) -> Iterator[tuple[str, str]]:
    """A new name that begins with the old one would be found and renamed for ever."""
    source, to = getattr(rule, "source", ()), getattr(rule, "to", None)
    for old in (source,) if isinstance(source, str) else source:
        new = to if isinstance(source, str) or to is None else f"{to}.{old.rpartition('.')[2]}"
        if new is not None and new != old and f"{new}.".startswith(f"{old}."):
            yield "to", f"{new} begins with {old}, so the rule would apply again to what it has written"


def position_faults(position: Position) -> Iterator[tuple[str, str]]:
    """The same for the regular expressions of a position."""
    for key in ("names", "compared", "suffix"):
        text = getattr(position, key)
        try:
            re.compile(text)
        except re.error as error:
            yield key, _reason(text, error)


# Which keys of which kind hold a text in a language of its own.
def _injected(code: str) -> None:
    ast.parse(re.sub(r"\\g<\w+>", "_", code))  # a group of `before` stands for an expression


_TESTS: dict[str, dict[str, Callable[[str], object]]] = {
    "call": {"match": compile_pattern, "replace": compile_replacement, "cases": compile_pattern},
    "flag": {"match": compile_pattern, "strings": re.compile},
    "inject": {"before": re.compile, "uses": re.compile, "code": _injected},
    "text": {"match": re.compile},
}


def _placeholders(text: object) -> set[str]:
    return set(re.findall(r"\${1,3}[A-Z_][A-Z0-9_]*", text)) if isinstance(text, str) else set()


def _reason(text: str, error: Exception) -> str:
    if isinstance(error, re.error):
        return f"{text!r} is not a regular expression: {error}"
    if isinstance(error, SyntaxError):
        return f"{text!r} is not Python: {error.msg}"
    return str(error).rstrip(".")
