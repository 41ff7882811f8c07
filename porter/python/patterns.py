"""Expression patterns in Python syntax: `$T.cuda($$$A)` matches a call, and a second pattern says what it becomes.

`$X` stands for one expression, `$$$A` for any arguments, `...` for anything; a dotted head is a qualified name.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TypeGuard

from porter.packs.rule import BESIDE
from porter.python.dotted import last_name, spelled
from porter.python.names import Names
from porter.vocabulary import vocabulary

ONE = "_porter_one_"
MANY = "_porter_many_"
_TEXT = re.compile(r"=~/(.*)/", re.DOTALL)  # a string whose whole text the expression between the slashes matches


class _Many(ast.Starred):
    """`$$$A` as it stands in a tree."""

    value: ast.Name


class PatternError(ValueError):
    """A pattern that is not Python, or not of a form that can be matched."""


@dataclass(frozen=True)
class Pattern:
    """A pattern as a tree, with the attribute or name by which candidates are found."""

    text: str
    tree: ast.expr
    key: str  # the last name in the pattern: a cheap test before the match
    is_call: bool

    @property
    def trigger(self) -> str:
        """A text that stands in every file that the pattern matches in, and the names that stand beside it."""
        word = self._word()
        return BESIDE.join([word, *sorted(self._names() - set(re.findall(r"\w+", word)))])

    def _word(self) -> str:
        if isinstance(self.tree, ast.Call) and self.tree.keywords:
            return str(self.tree.keywords[0].arg) + "="
        words = [part for word in re.findall(r"[\w.]+|\"\w+\"", self.text) for part in word.split(".")]
        device = vocabulary().device
        if device in self.text:  # the commonest by far, and searched for in any case
            return next(str(word) for word in words if device in word)
        if (
            self.receiver is not None
            and isinstance(self.tree, ast.Call)
            and self.tree.args
            and _plain(self.tree.args[0])
        ):
            return f".{self.key}({ast.unparse(self.tree.args[0])}"
        return self.key

    def _names(self) -> set[str]:
        """The names that a match has to spell, in the place itself or in the imports that they come by."""
        nodes = list(ast.walk(self.tree))
        names = {node.id for node in nodes if isinstance(node, ast.Name)} | {
            node.attr for node in nodes if isinstance(node, ast.Attribute)
        }
        keywords = {str(node.arg) for node in nodes if isinstance(node, ast.keyword)}
        return {name for name in names | keywords if not name.startswith((ONE, MANY))}

    @property
    def specific(self) -> tuple[int, bool]:
        """How much the pattern says about the arguments: of several that match, the one that says most is meant."""
        if not isinstance(self.tree, ast.Call):
            return 0, True
        free = [argument for argument in self.tree.args if _is_many(argument)]
        return len(self.tree.args) + len(self.tree.keywords) - len(free), not free

    @property
    def receiver(self) -> str | None:
        """The placeholder of the receiver, for a pattern on a method or attribute of anything."""
        callee = self.tree.func if isinstance(self.tree, ast.Call) else self.tree
        if isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) and callee.value.id.startswith(ONE):
            return callee.value.id[len(ONE) :]
        return None


def compile_pattern(text: str) -> Pattern:
    """Parse a pattern; PatternError says what is wrong with it."""
    found = compile_replacement(text)
    if not found.key or found.key.startswith((ONE, MANY)):
        raise PatternError(f"The pattern {text!r} must be a name, an attribute or a call of one.")
    return found


def compile_replacement(text: str) -> Pattern:
    """Parse what a match becomes: any expression with placeholders."""
    prepared = re.sub(r"\$\$\$([A-Z_][A-Z0-9_]*)", rf"*{MANY}\1", text)
    prepared = re.sub(r"\$([A-Z_][A-Z0-9_]*)", rf"{ONE}\1", prepared)
    try:
        tree = ast.parse(prepared, mode="eval").body
    except SyntaxError as error:
        raise PatternError(f"The pattern {text!r} is not a Python expression: {error.msg}.") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (wanted := _TEXT.fullmatch(node.value)):
            re.compile(wanted[1])
    return Pattern(text, tree, last_name(tree), isinstance(tree, ast.Call))


@dataclass
class Match:
    """What the placeholders of a pattern stand for."""

    one: dict[str, ast.expr] = field(default_factory=dict)
    many: dict[str, list[ast.expr | ast.keyword]] = field(default_factory=dict)


def match(pattern: Pattern, node: ast.expr, names: Names) -> Match | None:
    """Match an expression of a module against a pattern."""
    found = Match()
    return found if _same(pattern.tree, node, names, found) else None


def _same(want: ast.AST, node: ast.AST, names: Names, found: Match) -> bool:
    if isinstance(want, ast.Constant) and want.value is ...:
        return True
    if isinstance(want, ast.Name) and want.id.startswith(ONE):
        return _capture(want.id[len(ONE) :], node, found)
    if isinstance(want, (ast.Name, ast.Attribute)):
        dotted = _dotted(want)
        if dotted is not None:
            meaning = names.expression(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
            return meaning is not None and meaning.qualified == dotted
        return (
            isinstance(want, ast.Attribute)
            and isinstance(node, ast.Attribute)
            and want.attr == node.attr
            and _same(want.value, node.value, names, found)
        )
    if isinstance(want, ast.Call):
        return (
            isinstance(node, ast.Call)
            and _same(want.func, node.func, names, found)
            and _arguments(want, node, names, found)
        )
    if isinstance(want, ast.Constant) and isinstance(want.value, str) and (wanted := _TEXT.fullmatch(want.value)):
        text = node.value if isinstance(node, ast.Constant) else None
        return isinstance(text, str) and re.fullmatch(wanted[1], text) is not None
    return ast.dump(want) == ast.dump(node)


def _capture(name: str, node: ast.AST, found: Match) -> bool:
    if not isinstance(node, ast.expr):
        return False
    if name in found.one and name != "_":
        return ast.dump(found.one[name]) == ast.dump(node)
    found.one[name] = node
    return True


def _arguments(want: ast.Call, node: ast.Call, names: Names, found: Match) -> bool:
    given = {k.arg: k.value for k in node.keywords}
    if not all(k.arg in given and _same(k.value, given[k.arg], names, found) for k in want.keywords):
        return False
    named = {k.arg for k in want.keywords}
    rest: list[ast.expr | ast.keyword] = [*node.args, *(k for k in node.keywords if k.arg not in named)]
    for index, wanted in enumerate(want.args):
        if _is_many(wanted):
            found.many[wanted.value.id[len(MANY) :]] = rest[index:]
            return True
        if isinstance(wanted, ast.Constant) and wanted.value is ...:
            return True
        if index >= len(node.args):
            return False
        spelled_so = _plain(wanted) and ast.dump(wanted) == ast.dump(
            node.args[index]
        )  # `rank`: whatever it is bound to
        if not spelled_so and not _same(wanted, node.args[index], names, found):
            return False
    return len(rest) == len(want.args)


def _is_many(node: ast.expr) -> TypeGuard[_Many]:
    return isinstance(node, ast.Starred) and isinstance(node.value, ast.Name) and node.value.id.startswith(MANY)


def _plain(wanted: ast.expr) -> bool:
    return isinstance(wanted, (ast.Name, ast.Attribute)) and _dotted(wanted) is not None


def _dotted(node: ast.expr) -> str | None:
    parts = spelled(node)
    return ".".join(parts) if parts and not parts[0].startswith((ONE, MANY)) else None
