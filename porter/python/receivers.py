"""Whose method is it? Tells a tensor's or module's `.cuda()` from a method that the repo or another library defines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from porter.python.dotted import last_name
from porter.python.patterns import Pattern
from porter.python.scopes import Scope

if TYPE_CHECKING:
    from porter.python.scene import Scene


class Owner(Enum):
    TORCH = "torch"
    UNSURE = "unsure"
    OTHER = "other"


def owner(scene: Scene, receiver: ast.expr, wanted: Pattern) -> tuple[Owner, str]:
    """Who owns the attribute `wanted.key` of this receiver, and how porter knows."""
    own = scene.own_methods.get(wanted.key, frozenset())
    if isinstance(receiver, (ast.Name, ast.Attribute)):
        verdict = _imported(scene, receiver, wanted)
        if verdict is not None:
            return verdict
        if not wanted.is_call and _assigned_here(scene, receiver, wanted.key):
            return Owner.OTHER, f"The repo gives its own objects an attribute {wanted.key!r}."
    classes = set(_classes(scene, receiver))
    hit = sorted(classes & own)
    if hit:
        return Owner.OTHER, f"{hit[0]} defines a method {wanted.key!r} of its own."
    if own and not classes:
        text = scene.module.source.data
        near = sorted(name for name in own if name.encode() in text)
        if near:
            return (
                Owner.UNSURE,
                f"If this is a {near[0]}, it has a method {wanted.key!r} of its own, which keeps its name.",
            )
    return Owner.TORCH, ""


def _imported(scene: Scene, receiver: ast.Name | ast.Attribute, wanted: Pattern) -> tuple[Owner, str] | None:
    """A receiver that is an imported module has a function of that name, not a tensor's method."""
    meaning = scene.names.expression(receiver)
    if meaning is None:
        return None
    through = meaning.through
    statement = through.statement if through is not None else None
    if isinstance(statement, ast.ImportFrom) and statement.level and not statement.module:  # `from . import helpers`
        return Owner.OTHER, f"{meaning.qualified.lstrip('.')} is a module of the repo's own."
    if meaning.segments[0].startswith("."):
        return None
    if through is not None and through.statement is not None and not isinstance(through.statement, ast.Import):
        return None  # `from model import net; net.cuda()`: an object
    if meaning.segments[0] == "torch" and len(meaning.segments) > 1:
        return None
    return Owner.OTHER, f"{meaning.qualified}.{wanted.key} belongs to the package {meaning.segments[0]}."


def _assigned_here(scene: Scene, receiver: ast.expr, attribute: str) -> bool:
    """`self.is_cuda = ...` in this file: an attribute of the repo's own objects when the receiver is `self`."""
    if not (isinstance(receiver, ast.Name) and receiver.id == "self"):
        return False
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == attribute
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        for node in ast.walk(scene.module.tree)
    )


def _classes(scene: Scene, receiver: ast.expr) -> Iterator[str]:
    """The names of the classes that a receiver is known to be an instance of."""
    if isinstance(receiver, ast.Call):
        yield from _called(receiver)
    elif isinstance(receiver, ast.Name) and receiver.id in {"self", "cls"}:
        for ancestor in scene.module.ancestors(receiver):
            if isinstance(ancestor, ast.ClassDef):
                yield ancestor.name
                for base in ancestor.bases:
                    yield (
                        base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
                    )
                return
    elif isinstance(receiver, ast.Name):
        yield from _assigned(receiver.id, scene.module.scope(receiver))


def _assigned(name: str, scope: Scope) -> Iterator[str]:
    for binding in scope.lookup(name) or ():
        if isinstance(binding.value, ast.Call):
            yield from _called(binding.value)


def _called(call: ast.Call) -> Iterator[str]:
    name = last_name(call)
    if name[:1].isupper():
        yield name
