"""Scopes: which names a piece of Python binds, and to what."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Binding:
    """One way in which a name gets its value.

    `qualified` is the dotted name of an import. `value` is the expression of an assignment, to be followed when it
    is itself a dotted name. Neither: a parameter, a loop variable, a def: nothing that can be followed.
    """

    qualified: str | None = None
    value: ast.expr | None = None
    statement: ast.stmt | None = None
    alias: ast.alias | None = None
    unpacked: bool = False  # `value` is what was taken apart

    @property
    def is_none(self) -> bool:
        """`torch = None`, as an except branch writes it: no rival to the import beside it."""
        return isinstance(self.value, ast.Constant) and self.value.value is None


OPAQUE = Binding()


class Scope:
    """The names of a module, class, function or comprehension."""

    __slots__ = ("_elsewhere", "is_class", "names", "node", "parent")

    def __init__(self, parent: Scope | None, node: ast.AST) -> None:
        self.parent = parent
        self.node = node
        self.is_class = isinstance(node, ast.ClassDef)
        self.names: dict[str, list[Binding]] = {}
        self._elsewhere: dict[str, Scope] = {}

    @property
    def root(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def bind(self, name: str, binding: Binding = OPAQUE) -> None:
        self._elsewhere.get(name, self).names.setdefault(name, []).append(binding)

    def declare(self, names: list[str], *, is_global: bool) -> None:
        """`global x` and `nonlocal x`: later bindings belong to another scope."""
        home = self.root if is_global or self.parent is None else self.parent
        for name in names:
            if home is not self:
                self._elsewhere[name] = home

    def lookup(self, name: str) -> list[Binding] | None:
        """The bindings that a use of `name` in this scope can see; None when nothing binds it."""
        scope: Scope | None = self
        first = True
        while scope is not None:
            if (first or not scope.is_class) and name in scope.names:
                return scope.names[name]
            first = False
            scope = scope.parent
        return None


def bind_import(scope: Scope, statement: ast.Import | ast.ImportFrom) -> None:
    """Bind what an import statement brings."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            local = alias.asname or alias.name.partition(".")[0]
            qualified = alias.name if alias.asname else local
        else:
            module = "." * statement.level + (statement.module or "")
            local = alias.asname or alias.name
            qualified = f"{module}{alias.name}" if module.endswith(".") else f"{module}.{alias.name}"
        scope.bind(local, Binding(qualified=qualified, statement=statement, alias=alias))


def bind_target(scope: Scope, target: ast.expr, binding: Binding = OPAQUE) -> None:
    """Bind the names of an assignment target; what is unpacked cannot be followed."""
    if isinstance(target, ast.Name):
        scope.bind(target.id, binding)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            bind_target(scope, element, Binding(value=binding.value, statement=binding.statement, unpacked=True))
    elif isinstance(target, ast.Starred):
        bind_target(scope, target.value)


def bind_arguments(scope: Scope, arguments: ast.arguments) -> None:
    """Bind the parameters of a function."""
    for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if arg is not None:
            scope.bind(arg.arg)


def bind_statement(scope: Scope, statement: ast.stmt) -> None:
    """Bind what one statement binds in its own scope, without looking into its expressions or nested statements."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        bind_import(scope, statement)
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            bind_target(scope, target, Binding(value=statement.value, statement=statement))
    elif isinstance(statement, ast.AnnAssign):
        bind_target(scope, statement.target, Binding(value=statement.value, statement=statement))
    elif isinstance(statement, (ast.AugAssign, ast.For, ast.AsyncFor)):
        bind_target(scope, statement.target)
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            if item.optional_vars is not None:
                bind_target(scope, item.optional_vars)
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        scope.bind(statement.name, Binding(statement=statement))
    elif isinstance(statement, (ast.Global, ast.Nonlocal)):
        scope.declare(statement.names, is_global=isinstance(statement, ast.Global))
