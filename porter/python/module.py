"""A parsed Python file: one walk that visits only the statements in which something interesting stands."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from porter.python.scopes import Binding, Scope, bind_arguments, bind_statement, bind_target
from porter.python.source import Source

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Chain:
    """A dotted name as it is written, `torch.cuda.amp`: its outermost node, its root name and the parts behind it."""

    node: ast.Name | ast.Attribute
    root: ast.Name
    parts: tuple[str, ...]
    scope: Scope


class Module:
    """The tree of a file with parents, scopes and the nodes that rules ask for.

    `hits` are the lines on which a trigger word stands. A statement without a hit can neither hold a site nor change
    what a site means, except through the names that it binds: so its names are bound and its expressions are left
    alone. That is what makes a walk cost a fraction of the parse.
    """

    def __init__(self, path: str, source: Source, tree: ast.Module, hits: Iterable[int]) -> None:
        self.path = path
        self.source = source
        self.tree = tree
        self.hits = sorted(set(hits))
        self.root = Scope(None, tree)
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.chains: list[Chain] = []
        self.attributes: list[ast.Attribute] = []  # on something that is no dotted name: `f(x).cuda`
        self.calls: list[ast.Call] = []
        self.numbers: list[ast.Constant] = []
        self.compares: list[ast.Compare] = []
        self.strings: list[ast.Constant | ast.JoinedStr] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []  # those with a trigger word
        self.all_imports: list[ast.Import | ast.ImportFrom] = []  # those of every scope that was entered
        self.functions: list[Function] = []
        self.classes: list[ast.ClassDef] = []
        self.named: list[tuple[ast.AST, str]] = []  # identifiers that are no chain: parameters, keywords, definitions
        self._walk()

    # -- lookups ---------------------------------------------------------------------------------------------------

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scope(self, node: ast.AST) -> Scope:
        """The scope in which a visited node stands."""
        if node in self.scopes:
            return self.scopes[node]
        for ancestor in self.ancestors(node):
            if ancestor in self.scopes:
                return self.scopes[ancestor]
        return self.root

    def statement(self, node: ast.AST) -> ast.stmt:
        """The smallest statement around a node."""
        for candidate in (node, *self.ancestors(node)):
            if isinstance(candidate, ast.stmt):
                return candidate
        raise LookupError("every visited node stands in a statement")

    def touched(self, node: ast.stmt) -> bool:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        at = bisect_left(self.hits, first)
        return at < len(self.hits) and self.hits[at] <= (node.end_lineno or node.lineno)

    # -- the walk --------------------------------------------------------------------------------------------------

    def _walk(self) -> None:
        self._stack: list[tuple[ast.AST, Scope]] = []
        self._block(self.tree, self.tree.body, self.root)
        while self._stack:
            node, scope = self._stack.pop()
            self._visit(node, scope)

    def _push(self, parent: ast.AST, child: ast.AST | None, scope: Scope) -> None:
        if child is not None:
            self.parents[child] = parent
            self._stack.append((child, scope))

    def _block(self, parent: ast.AST, body: list[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self.parents[statement] = parent
            self._bind(statement, scope)
            if self.touched(statement):
                self._stack.append((statement, scope))
            else:
                self._bind_inside(statement, scope)

    def _bind(self, statement: ast.stmt, scope: Scope) -> None:
        bind_statement(scope, statement)
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            self.all_imports.append(statement)

    def _bind_inside(self, statement: ast.stmt, scope: Scope) -> None:
        """Names bound by the statements inside an untouched `if`, `try`, `with` or loop belong to this scope."""
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            return
        for body in _blocks(statement):
            for inner in body:
                self.parents[inner] = statement
                self._bind(inner, scope)
                self._bind_inside(inner, scope)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            self._visit_chain(node, scope)
        elif isinstance(node, ast.Constant):
            self._visit_constant(node)
        elif isinstance(node, _FUNCTIONS):
            self._visit_function(node, scope)
        elif isinstance(node, ast.Lambda):
            inner = Scope(scope, node)
            bind_arguments(inner, node.args)
            self._visit_arguments(node, node.args, scope)
            self.scopes[node.body] = inner
            self._push(node, node.body, inner)
        elif isinstance(node, ast.ClassDef):
            self._visit_class(node, scope)
        elif isinstance(node, _COMPREHENSIONS):
            inner = Scope(scope, node)
            for generator in node.generators:
                bind_target(inner, generator.target)
            self.scopes[node] = inner
            self._visit_fields(node, inner)
        else:
            self._note(node, scope)
            self._visit_fields(node, scope)

    def _note(self, node: ast.AST, scope: Scope) -> None:
        """File a node under what rules ask for."""
        if isinstance(node, ast.Call):
            self.calls.append(node)
        elif isinstance(node, ast.Compare):
            self.compares.append(node)
        elif isinstance(node, ast.JoinedStr):
            self.strings.append(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports.append(node)
        elif isinstance(node, ast.keyword) and node.arg:
            self.named.append((node, node.arg))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.bind(node.name)
        elif isinstance(node, ast.NamedExpr):
            bind_target(scope, node.target, Binding(value=node.value))

    def _visit_fields(self, node: ast.AST, scope: Scope) -> None:
        for _, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                self._push(node, value, scope)
            elif isinstance(value, list) and value:
                if isinstance(value[0], ast.stmt):
                    self._block(node, value, scope)
                else:
                    for item in value:
                        if isinstance(item, ast.AST):
                            self._push(node, item, scope)

    def _visit_chain(self, node: ast.Name | ast.Attribute, scope: Scope) -> None:
        parts: list[str] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            parts.append(at.attr)
            self.parents[at.value] = at
            at = at.value
        if isinstance(at, ast.Name):
            self.chains.append(Chain(node, at, tuple(reversed(parts)), scope))
        else:
            below: ast.expr = node
            while isinstance(below, ast.Attribute):
                self.attributes.append(below)
                below = below.value
            self._stack.append((at, scope))
        self.scopes[node] = scope

    def _visit_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.strings.append(node)
        elif type(node.value) is int:
            self.numbers.append(node)

    def _visit_arguments(self, owner: ast.AST, arguments: ast.arguments, scope: Scope) -> None:
        self.parents[arguments] = owner
        for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if arg is not None:
                self.parents[arg] = arguments
                self.named.append((arg, arg.arg))
                self._push(arg, arg.annotation, scope)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            self._push(arguments, default, scope)

    def _visit_function(self, node: Function, scope: Scope) -> None:
        self.functions.append(node)
        self.named.append((node, node.name))
        inner = Scope(scope, node)
        bind_arguments(inner, node.args)
        self._visit_arguments(node, node.args, scope)
        for decorator in node.decorator_list:
            self._push(node, decorator, scope)
        self._push(node, node.returns, scope)
        for statement in node.body:
            self.scopes[statement] = inner
        self._block(node, node.body, inner)

    def _visit_class(self, node: ast.ClassDef, scope: Scope) -> None:
        self.classes.append(node)
        self.named.append((node, node.name))
        inner = Scope(scope, node)
        for expression in (*node.decorator_list, *node.bases):
            self._push(node, expression, scope)
        for keyword in node.keywords:
            self._push(node, keyword, scope)
        for statement in node.body:
            self.scopes[statement] = inner
        self._block(node, node.body, inner)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists directly inside a compound statement."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list):
            yield block
    for branch in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield branch.body
