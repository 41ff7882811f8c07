"""Kind `inject`: a statement at the start of a function, or before the first call of something in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from porter.model import Edit
from porter.packs.rule import BESIDE
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.module import Function
from porter.python.scene import Scene

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Rule(Head, tag_field="kind", tag="inject", frozen=True, kw_only=True):
    """`code` goes into each of the `functions` whose class has `uses`, unless the function has `unless`.

    Without `functions`, every function is meant that is not async, and the module itself, where `before` matches.
    """

    functions: tuple[str, ...] = ()
    code: str  # `\g<name>` is what the group of that name in `before` has matched
    before: str = ""  # a regular expression: the statement that starts with it; else the start of the function
    uses: str = ""  # a regular expression that the function's class (or the function, if it has none) must contain
    unless: str = ""  # a text that says the function has it already
    method: bool = True  # only functions of a class
    beside: tuple[str, ...] = ()  # packages of which the file must import one
    words: tuple[str, ...] = ()  # without `functions`: one of these stands in every file that is meant


def triggers(rule: Rule) -> set[str]:
    words = {f"def {name}(" for name in rule.functions} | set(rule.words)
    return {f"{word}{BESIDE}{package}" for word in words for package in rule.beside} if rule.beside else words


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    text = scene.module.source.data.decode() if rules else ""
    for rule in rules:
        if rule.beside and not _imports(rule.beside).search(text):
            continue
        if not rule.functions:
            yield from _anywhere(scene, rule)
        for function in scene.module.functions:
            if function.name not in rule.functions or not _wanted(scene, rule, function):
                continue
            statement, code = _anchor(scene, rule, function)
            if statement is not None or not rule.before:
                start = scene.module.source.start(function)
                yield _inject(scene, rule, function.name, (start, start + len(function.name)), statement, code)


@cache
def _imports(packages: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?m)^[ \t]*(import|from)[ \t]+({'|'.join(map(re.escape, packages))})\b")


def _anywhere(scene: Scene, rule: Rule) -> Iterator[Proposal]:
    """The first statement of each function's own, and of the module's, that `before` matches."""
    source = scene.module.source
    homes = [each for each in scene.module.functions if isinstance(each, ast.FunctionDef)]
    bodies = [("", scene.module.tree.body), *((home.name, home.body) for home in homes)]
    for name, body in bodies:
        own = [each for each in body if not isinstance(each, _DEFINITIONS)]
        texts = [source.text(each).decode() for each in own]
        if rule.unless and any(rule.unless in text for text in texts):
            continue
        found = next(
            ((each, hit) for each, text in zip(own, texts, strict=True) if (hit := re.match(rule.before, text))), None
        )
        if found is not None:
            yield _inject(
                scene, rule, name, (source.start(found[0]), source.end(found[0])), found[0], found[1].expand(rule.code)
            )


def _wanted(scene: Scene, rule: Rule, function: Function) -> bool:
    text = scene.module.source.text(function).decode()
    home = scene.module.parents.get(function)
    if rule.method and not isinstance(home, ast.ClassDef):
        return False
    around = scene.module.source.text(home).decode() if isinstance(home, ast.ClassDef) else text
    return (not rule.unless or rule.unless not in text) and (not rule.uses or re.search(rule.uses, around) is not None)


def _inject(
    scene: Scene, rule: Rule, name: str, span: tuple[int, int], statement: ast.stmt | None, code: str
) -> Proposal:
    """The statement `code` before another one; `span` is the place where nothing can be put."""
    source = scene.module.source
    site = Proposal(rule, *span, verdict_of(rule.safety), runs=True)
    if statement is None:
        return site.withheld("The function has no statement to put it before.", f"Add `{code}` by hand.")
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
    at = source.line_start(first)
    indent = source.data[at : source.offset(first, statement.col_offset)]
    if indent.strip():
        return site.withheld("The body of the function stands in one line with its head.", f"Add `{code}` by hand.")
    text = b"".join(indent + line.encode() + source.newline for line in _statement(code).splitlines())
    where = f"In {name}()." if name else "In the script itself."
    return Proposal(rule, at, at, site.verdict, (Edit(at, at, text, b""),), where, runs=True)


def _statement(code: str) -> str:
    """A statement to be inserted, proven to parse and to be just one."""
    if len(ast.parse(code).body) != 1:
        raise ValueError(f"expected one statement, not {code!r}")
    return code.strip("\r\n")


def _anchor(scene: Scene, rule: Rule, function: Function) -> tuple[ast.stmt | None, str]:
    """The statement before which the code goes, and the code."""
    if rule.before:
        wanted = re.compile(rule.before)
        for node in ast.walk(function):
            if isinstance(node, ast.stmt) and node is not function:
                found = wanted.match(scene.module.source.text(node).decode())
                if found is not None:
                    return node, found.expand(rule.code)
        return None, rule.code
    body = function.body
    has_docstring = (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )
    return (body[1] if has_docstring and len(body) > 1 else None if has_docstring else body[0]), rule.code
