"""Guards: whether a file can do without a package that it imports, and the import wrapped where it can."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

from porter.model import Edit
from porter.python.source import Source
from porter.python.uses import Uses

Import = ast.Import | ast.ImportFrom
_CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEPTH = 3  # a function that only a function calls that only a branch calls
_INDENT = b"    "


@dataclass(frozen=True, slots=True)
class Guard:
    """What is true of an import whose package is missing: it is caught already, or may be wrapped; else why not."""

    caught: str = ""
    wraps: bool = False
    lacking: str = ""


class Guards:
    """The imports of one package in one file, judged together: one that fails is enough to stop the file.

    `mentioned` says whether another file of the repo speaks of a name."""

    def __init__(
        self, tree: ast.Module, source: Source, uses: Uses, switches: tuple[str, ...], mentioned: Callable[[str], bool]
    ) -> None:
        self._tree = tree
        self._uses = uses
        self._source = source
        self._switch = re.compile("|".join(map(re.escape, switches)), re.IGNORECASE) if switches else None
        self._mentioned = mentioned

    def judge(self, statements: list[Import], *, wraps: bool) -> dict[Import, Guard]:
        """A word on each import of the package. `wraps`: it is certain to be missing."""
        bound = {name for statement in statements for name in names(statement)}
        found = {statement: self._caught(statement, bound) for statement in statements}
        bare = [statement for statement, guard in found.items() if not guard.caught and not guard.lacking]
        if not wraps:
            return found
        reasons = [reason for reason in (self._unfit(each, bound) for each in bare) if reason]
        for statement in bare:
            found[statement] = Guard(lacking=reasons[0]) if reasons else Guard(wraps=True)
        return found

    # -- imports that somebody guarded -----------------------------------------------------------------------------

    def _caught(self, statement: Import, bound: set[str]) -> Guard:
        below: ast.AST = statement
        for above in self._uses.above(statement):
            if isinstance(above, ast.Try) and below in above.body and (handler := _handler(above)) is not None:
                return self._handled(bound, above, handler)
            below = above
        return Guard()

    def _handled(self, bound: set[str], attempt: ast.Try, handler: ast.ExceptHandler) -> Guard:
        """A failed import that goes another way: to other names, to a flag, or to branches that do without."""
        if any(isinstance(each, ast.Raise) for each in handler.body):
            return Guard(lacking="its failure is caught, and raised again")
        set_there = {node.id for part in handler.body for node in ast.walk(part) if _is_store(node)}
        set_there |= {name for part in handler.body for node in ast.walk(part) for name in names(node)}
        set_there |= {part.name for part in handler.body if isinstance(part, (*_FUNCTIONS, ast.ClassDef))}
        if set_there & (
            bound | {n.id for part in attempt.body + attempt.orelse for n in ast.walk(part) if _is_store(n)}
        ):
            return Guard(caught=f"line {handler.lineno} says what happens without it")
        lacking = self._unguarded(bound, bound)
        return (
            Guard(lacking=f"its failure is caught, but {lacking}") if lacking else Guard(caught="its failure is caught")
        )

    # -- imports that may be wrapped ---------------------------------------------------------------------------------

    def _unfit(self, statement: Import, bound: set[str]) -> str:
        """Why an import must not be wrapped; empty when it may."""
        line, _ = self._line(statement)
        if self._uses.parents.get(statement) is not self._tree:
            return "it is imported where the code needs it, so nobody but a reader knows what to do without it"
        if line is None:
            return "other statements stand on its line"
        own = names(statement)
        if "*" in own:
            return "it is imported with a star"
        others = [node for node in self._uses.of(own) if _is_store(node)]
        if others:
            return f"line {others[0].lineno} gives its name another value"
        away = sorted(name for name in own if self._mentioned(name))
        if away:
            return f"other files speak of {away[0]}"
        return self._unguarded(own, bound)

    def _unguarded(self, own: set[str], bound: set[str]) -> str:
        """Why the uses of names cannot do without them; empty when each stands in one of two branches."""
        loads = self._uses.of(own)
        if not loads:
            return "nothing in this file uses it, so it may be meant for others"
        for node in loads:
            if not self._is_optional(node, bound, _DEPTH):
                return f"line {node.lineno} uses {node.id}, and no branch beside it does without"
        return ""

    def _is_optional(self, node: ast.AST, bound: set[str], depth: int) -> bool:
        """Whether the code around a use asks for the package or for a switch, and has another way."""
        if _is_question(node, self._uses.parents.get(node)):
            return True
        below = node
        for above in self._uses.above(node):
            if isinstance(above, (ast.If, ast.IfExp)) and self._is_branch(above, below, bound):
                return True
            if isinstance(above, ast.BoolOp) and isinstance(above.op, ast.And):
                before = above.values[: above.values.index(below)] if below in above.values else []
                if any(self._asks(each, bound) == 1 for each in before):
                    return True
            if self._left_before(above, below, bound):
                return True
            if isinstance(above, (*_FUNCTIONS, ast.ClassDef)) and depth:
                if below not in above.body:
                    return False  # a base, a decorator, a default: wanted when the file is imported
                if self._only_used_so(above, bound, depth - 1):
                    return True
            below = above
        return False

    def _is_branch(self, branch: ast.If | ast.IfExp, below: ast.AST, bound: set[str]) -> bool:
        """Whether `below` is the side of a branch with the package, and the other side works."""
        asks = self._asks(branch.test, bound)
        if isinstance(branch, ast.IfExp):
            return (asks == 1 and below is branch.body) or (asks == -1 and below is branch.orelse)
        if asks == 1 and below in branch.body:
            return _works(branch.orelse) or (_leaves(branch.body) and _works(self._after(branch)))
        return asks == -1 and below in branch.orelse and _works(branch.body)

    def _left_before(self, above: ast.AST, below: ast.AST, bound: set[str]) -> bool:
        """`if xops is None: return plain(q)` above the use, in the same block."""
        for name in ("body", "orelse"):
            block = getattr(above, name, None)
            if isinstance(block, list) and below in block:
                earlier = [each for each in block[: block.index(below)] if isinstance(each, ast.If)]
                return any(self._asks(e.test, bound) == -1 and _leaves(e.body) and _works(e.body) for e in earlier)
        return False

    def _only_used_so(self, known: _Named, bound: set[str], depth: int) -> bool:
        """Whether a function or a class is used in such branches only, and nowhere else in the repo."""
        name = known.name
        uses = [*self._uses.of({name}), *self._uses.attributes(name)]
        if not uses or known.decorator_list or name.startswith("__") or name == "forward" or self._mentioned(name):
            return False
        return all(self._is_optional(use, bound, depth) for use in uses)

    def _asks(self, test: ast.expr, bound: set[str]) -> int:
        """1 where a test holds only with the package or its switch on, -1 where it holds only without, 0 else."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return -self._asks(test.operand, bound)
        if isinstance(test, ast.BoolOp):
            wanted = 1 if isinstance(test.op, ast.And) else -1
            return wanted if any(self._asks(each, bound) == wanted for each in test.values) else 0
        if isinstance(test, ast.Compare):
            return self._compared(test, bound)
        if isinstance(test, ast.Name):
            return int(test.id in bound or (self._switches(test) and not self._is_always_on(test.id)))
        return int(isinstance(test, (ast.Attribute, ast.Call, ast.Subscript)) and self._switches(test))

    def _compared(self, test: ast.Compare, bound: set[str]) -> int:
        side = test.comparators[0]
        if len(test.ops) != 1 or not isinstance(side, ast.Constant):
            return 0
        positive = isinstance(test.ops[0], (ast.Is, ast.Eq))
        if not positive and not isinstance(test.ops[0], (ast.IsNot, ast.NotEq)):
            return 0
        if side.value is None or side.value is False:
            return (-1 if positive else 1) * abs(self._asks(test.left, bound))
        if isinstance(side.value, str):
            return (1 if positive else -1) * int(self._switches(side))
        return (1 if positive else -1) * abs(self._asks(test.left, bound)) if side.value is True else 0

    def _switches(self, test: ast.expr) -> bool:
        return self._switch is not None and self._switch.search(ast.unparse(test)) is not None

    def _is_always_on(self, name: str) -> bool:
        """Whether the file itself switches it on: then the branch is taken on the target, too."""
        return any(
            isinstance(each, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == name for t in each.targets)
            and isinstance(each.value, ast.Constant)
            and bool(each.value.value)
            for each in ast.walk(self._tree)
        )

    # -- the tree ----------------------------------------------------------------------------------------------------

    def _after(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements that follow one in its block."""
        parent = self._uses.parents[statement]
        blocks = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
        block = next((each for each in blocks if isinstance(each, list) and statement in each), [statement])
        return list(block[block.index(statement) + 1 :])

    def _line(self, statement: Import) -> tuple[bytes | None, int]:
        """The whole lines of a statement, and where they begin; None when it shares them with another one."""
        source = self._source
        start = source.line_start(statement.lineno)
        end = source.line_end(statement.end_lineno or statement.lineno)
        line = source.data[start:end].rstrip(b"\r\n")
        rest = source.data[source.end(statement) : start + len(line)].strip()
        shared = source.start(statement) != start or (rest and not rest.startswith(b"#"))
        return (None if shared else line), start

    def wrap(self, statement: Import) -> tuple[Edit, ...]:
        """`try:` around an import, and its names as None where it fails."""
        line, start = self._line(statement)
        assert line is not None
        newline = self._source.newline
        inside = newline.join(_INDENT + each if each.strip() else each for each in line.split(newline))
        without = newline.join(_INDENT + name.encode() + b" = None" for name in sorted(names(statement)))
        new = newline.join([b"try:", inside, b"except ImportError:", without])
        return (Edit(start, start + len(line), new, line),)


def names(node: ast.AST) -> set[str]:
    """The names that an import binds."""
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return set()
    is_module = isinstance(node, ast.Import)
    return {a.asname or (a.name.partition(".")[0] if is_module else a.name) for a in node.names}


def _handler(attempt: ast.Try) -> ast.ExceptHandler | None:
    """The part of a `try` that a missing package leads to."""
    for handler in attempt.handlers:
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(each is None or ast.unparse(each).rpartition(".")[2] in _CAUGHT for each in caught):
            return handler
    return None


def _is_store(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del))


def _is_question(node: ast.AST, parent: ast.AST | None) -> bool:
    """`xops is None`, `if xops:`, `not xops`: whether the package is there."""
    if isinstance(parent, ast.Compare):
        sides = [parent.left, *parent.comparators]
        return any(isinstance(side, ast.Constant) and side.value is None for side in sides)
    if isinstance(parent, (ast.If, ast.IfExp)):
        return node is parent.test
    return isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)


def _leaves(block: list[ast.stmt]) -> bool:
    return bool(block) and isinstance(block[-1], (ast.Return, ast.Continue))


def _works(block: list[ast.stmt]) -> bool:
    """Whether a side does something but give up."""
    return bool(block) and not isinstance(block[0], (ast.Raise, ast.Pass)) and not isinstance(block[-1], ast.Raise)
