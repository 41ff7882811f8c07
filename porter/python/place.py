"""Places: the answer to where a literal stands, and how sure it is."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum

# Calls that define an option of a command line.
OPTION_CALLS = frozenset(
    {"add_argument", "option", "Option", "Argument", "add_option", "argument", "DEFINE_string", "DEFINE_enum"}
)


class Certainty(Enum):
    """How sure it is that a literal stands in a position."""

    SURE = "sure"
    LIKELY = "likely"  # the literal says so by its own form ("cuda:0"), nothing around it does
    UNKNOWN = "unknown"  # a value handed to something that porter cannot see into
    FOREIGN = "foreign"  # handed to a library that reads it itself
    NOT = "not"  # a key, a message, prose


@dataclass(frozen=True, slots=True)
class Place:
    """Where a literal stands, and by what that is known."""

    certainty: Certainty
    reason: str
    runs: bool = False  # the value reaches the device when this very file runs


def option_before(node: ast.AST, elements: list[ast.expr]) -> str:
    """`--device` in `["python", "a.py", "--device", "cuda"]`, as a name."""
    at = next((i for i, element in enumerate(elements) if element is node), 0)
    before = elements[at - 1] if at else None
    text = before.value if isinstance(before, ast.Constant) and isinstance(before.value, str) else ""
    return text.lstrip("-").replace("-", "_") if text.startswith("-") else ""


def parameter_of_default(arguments: ast.arguments, default: ast.AST) -> str | None:
    """The parameter that a default belongs to."""
    positional = [*arguments.posonlyargs, *arguments.args]
    for arg, value in zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True):
        if value is default:
            return arg.arg
    for arg, kw_value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if kw_value is default:
            return arg.arg
    return None
