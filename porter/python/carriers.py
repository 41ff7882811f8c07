"""Carriers: names and expressions that hold a value of a position, by what they are called or where they flow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cached_property

from porter.packs.positions import Position
from porter.python.dotted import last_name
from porter.python.module import Module
from porter.python.names import Names
from porter.python.place import OPTION_CALLS

# Methods of a string that give a part or a form of it.
_TEXTUAL = frozenset({"lower", "upper", "strip", "split", "rsplit", "partition", "rpartition", "removeprefix"})


class Carriers:
    """Answers for the expressions of one module."""

    def __init__(self, module: Module, names: Names) -> None:
        self._module = module
        self._names = names
        self._flows: dict[str, frozenset[str]] = {}
        self._options: dict[str, frozenset[str]] = {}

    def carries(self, node: ast.expr, position: Position, *, compared: bool = False) -> bool:
        """Whether an expression holds a value of this position, by its name or by where it flows."""
        if isinstance(node, ast.Call):
            callee = last_name(node.func)
            if callee in {"str", "type"} and node.args:
                return self.carries(node.args[0], position, compared=compared)
            if callee in _TEXTUAL and isinstance(node.func, ast.Attribute):
                return self.carries(node.func.value, position, compared=compared)
            key = node.args[callee == "getattr"] if len(node.args) > (callee == "getattr") else None
            if key is not None and callee in position.lookups and self.is_key(key, position):
                return True
            return matches(position.names, callee)
        if isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                return matches(position.names, node.slice.value)
            return self.carries(node.value, position, compared=compared)
        if isinstance(node, (ast.BoolOp, ast.Tuple, ast.List)):
            return any(
                self.carries(n, position, compared=compared)
                for n in (node.values if isinstance(node, ast.BoolOp) else node.elts)
            )
        if isinstance(node, ast.Starred):
            return self.carries(node.value, position, compared=compared)
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
        if name is None:
            return False
        if matches(position.names, name) or (self._is_handed_on(name) and name in self.flow(position)):
            return True
        if isinstance(node, ast.Attribute) and name in self.options(position):
            return True
        return compared and bool(position.compared) and matches(position.compared, name)

    def lists(self, node: ast.expr, position: Position) -> bool:
        """Whether choices hold a value of the same sort, as they stand or under a name of the file's own."""
        if isinstance(node, ast.Name):
            bindings = self._module.scope(node).lookup(node.id) or self._module.root.lookup(node.id) or ()
            return any(self.lists(b.value, position) for b in bindings if b.value is not None and b.value is not node)
        return any(self.is_beside(inner, position) for inner in ast.walk(node))

    def options(self, position: Position) -> frozenset[str]:
        """The command line's options whose choices are of the position's sort: `args.platform` carries a device."""
        key = position.names
        if key not in self._options:
            calls = (n for n in ast.walk(self._module.tree) if isinstance(n, ast.Call)) if self._has_options else ()
            self._options[key] = frozenset(
                name for call in calls if last_name(call.func) in OPTION_CALLS for name in self._named(call, position)
            )
        return self._options[key]

    @cached_property
    def _has_options(self) -> bool:
        return any(word.encode() + b"(" in self._module.source.data for word in OPTION_CALLS)

    def _named(self, call: ast.Call, position: Position) -> set[str]:
        """The names under which the program reads an option, where its choices are of the position's sort."""
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if not any(name in given and self.lists(given[name], position) for name in ("choices", "type")):
            return set()
        texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        dest = given.get("dest")
        return {text.strip("-").replace("-", "_") for text in texts if text.startswith("--")} | (
            {str(dest.value)} if isinstance(dest, ast.Constant) else set()
        )

    def is_key(self, node: ast.expr, position: Position) -> bool:
        return isinstance(node, ast.Constant) and isinstance(node.value, str) and matches(position.names, node.value)

    def beside(self, node: ast.AST, others: Iterable[ast.expr], position: Position) -> bool:
        return any(
            self.is_beside(part, position)
            for other in others
            if other is not node
            for part in ([other.body, other.orelse] if isinstance(other, ast.IfExp) else [other])
        )

    def is_beside(self, node: ast.AST, position: Position) -> bool:
        if isinstance(node, ast.Call) and len(node.args) == 1:  # torch.device("cpu")
            node = node.args[0]
        return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in position.beside

    def flow(self, position: Position) -> frozenset[str]:
        """The names of this module that flow into the position somewhere: `x.to(where)` makes `where` a carrier."""
        key = position.names
        if key not in self._flows:
            found: set[str] = set()
            for call in (n for n in ast.walk(self._module.tree) if isinstance(n, ast.Call)):
                for index, argument in enumerate(call.args):
                    if isinstance(argument, (ast.Name, ast.Attribute)) and index in self._listed_loosely(
                        call, position
                    ):
                        found.add(last_name(argument))
                for keyword in call.keywords:
                    if keyword.arg and matches(position.names, keyword.arg):
                        found.add(last_name(keyword.value))
            for function in self._module.functions:
                for spot in position.methods.get(function.name, ()):  # the parameter of a method `to` of the repo's own
                    if isinstance(spot, int) and len(function.args.args) > spot + 1:
                        found.add(function.args.args[spot + 1].arg)
            self._flows[key] = frozenset(found - {""})
        return self._flows[key]

    def _is_handed_on(self, name: str) -> bool:
        """Whether the text hands the name to a call at all: cheaper than looking at every call of the file."""
        handed = rb"(?:[(=,]\s*|\.)" + name.encode() + rb"\s*[,)]"
        return re.search(handed, self._module.source.data) is not None

    def _listed_loosely(self, call: ast.Call, position: Position) -> tuple[int | str, ...]:
        callee = last_name(call.func)
        if isinstance(call.func, ast.Attribute) and call.func.attr in position.methods:
            return position.methods[call.func.attr]
        return next((spots for name, spots in position.arguments.items() if name.rpartition(".")[2] == callee), ())

    def listed(self, call: ast.Call, position: Position) -> tuple[int | str, ...]:
        """The argument positions and keywords that the pack lists for this callee."""
        if isinstance(call.func, ast.Attribute) and call.func.attr in position.methods:
            return position.methods[call.func.attr]
        if isinstance(call.func, (ast.Name, ast.Attribute)):
            for meaning in self._names.expressions(call.func):
                family = ".".join(meaning.segments[:-1]) + ".*"  # `torch.cuda.*`: whatever is called there
                spots = position.arguments.get(meaning.qualified, position.arguments.get(family))
                if spots is not None:
                    return spots
        return ()


def matches(pattern: str, name: str) -> bool:
    return re.search(pattern, name) is not None
