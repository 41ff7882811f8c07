"""What a dotted name means: follows imports, aliases and `self.torch = torch` to a qualified name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from porter.python.dotted import spelled
from porter.python.module import Chain, Module
from porter.python.scopes import Binding, Scope

_DEPTH = 4  # `a = torch; b = a; c = b`: nobody writes longer chains of aliases


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a chain can mean.

    `segments` is the qualified name; the last `spelled` of them are written in the chain itself (its attributes), the
    others in an import or an earlier assignment. `through` is the binding that spells them; `plain` says that the
    root of the chain is written as the last of the others: `cuda` of `cuda.stream()` after `from torch import cuda`.
    """

    segments: tuple[str, ...]
    spelled: int
    through: Binding | None
    plain: bool

    @property
    def qualified(self) -> str:
        return ".".join(self.segments)


class Names:
    """Resolves the chains of one module. `assumed` are top-level names that mean themselves when nothing binds
    them; `segments` are the words of qualified names that some rule speaks of."""

    def __init__(self, module: Module, assumed: frozenset[str], segments: frozenset[str]) -> None:
        self._module = module
        self._assumed = assumed
        self._segments = segments
        self._known: dict[ast.expr, list[Meaning]] = {}
        self._attributes: dict[ast.ClassDef, dict[str, list[ast.expr]]] = {}

    def meanings(self, chain: Chain) -> list[Meaning]:
        """Everything that the chain can mean; more than one is an ambiguity that a person has to settle."""
        if chain.node not in self._known:
            found = {m.segments: m for m in self._chain(chain.root.id, chain.parts, chain.scope, 0)}
            self._known[chain.node] = list(found.values())
        return self._known[chain.node]

    def meaning(self, chain: Chain) -> Meaning | None:
        """What the chain means, if there is just one answer."""
        meanings = self.meanings(chain)
        return meanings[0] if len(meanings) == 1 else None

    def expression(self, node: ast.expr) -> Meaning | None:
        """What an expression means, if it is a dotted name with just one meaning."""
        found = self.expressions(node)
        return found[0] if len(found) == 1 else None

    def expressions(self, node: ast.expr) -> list[Meaning]:
        """Everything that an expression can mean."""
        return list({m.segments: m for m in self._expression(node, self._module.scope(node), 0)}.values())

    def _chain(self, root: str, parts: tuple[str, ...], scope: Scope, depth: int) -> Iterator[Meaning]:
        if root == "self" and self._segments.isdisjoint(parts[1:]):
            return  # no rule speaks of such a name
        if root == "self" and len(parts) > 1:
            for value, home in self._self_attribute(parts[0], scope):
                for meaning in self._expression(value, home, depth + 1):
                    segments = (*meaning.segments, *parts[1:])
                    yield Meaning(segments, len(parts) - 1, Binding(value=value), parts[0] == meaning.segments[-1])
            return
        bindings = scope.lookup(root)
        if bindings is None:
            if root in self._assumed:
                yield Meaning((root, *parts), len(parts), None, True)
            return
        for binding in bindings:
            if binding.qualified is not None:
                base = (
                    tuple(binding.qualified.split("."))
                    if not binding.qualified.startswith(".")
                    else (binding.qualified,)
                )
                yield Meaning((*base, *parts), len(parts), binding, root == base[-1])
            elif binding.value is not None and not binding.unpacked and not binding.is_none and depth < _DEPTH:
                for meaning in self._expression(binding.value, scope, depth + 1):
                    segments = (*meaning.segments, *parts)
                    yield Meaning(segments, len(parts), binding, plain=False)

    def _expression(self, node: ast.expr, scope: Scope, depth: int) -> list[Meaning]:
        if isinstance(node, ast.IfExp):  # `scope = autocast if amp else nullcontext`
            return [m for branch in (node.body, node.orelse) for m in self._expression(branch, scope, depth + 1)]
        parts = spelled(node)
        if not parts or depth > _DEPTH:
            return []
        return list(self._chain(parts[0], parts[1:], scope, depth))

    def _self_attribute(self, name: str, scope: Scope) -> Iterator[tuple[ast.expr, Scope]]:
        """The values that the surrounding class gives to `self.name`."""
        at: Scope | None = scope
        while at is not None and not at.is_class:
            at = at.parent
        if at is None or not isinstance(at.node, ast.ClassDef):
            return
        if at.node not in self._attributes:
            self._attributes[at.node] = _self_assignments(at.node)
        for value in self._attributes[at.node].get(name, ()):
            yield value, at.root


def _self_assignments(node: ast.ClassDef) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign):
            for target in inner.targets:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == "self"
                ):
                    found.setdefault(target.attr, []).append(inner.value)
    return found
