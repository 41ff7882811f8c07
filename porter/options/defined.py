"""Definitions of options in a Python file: argparse, click, typer, absl, fields of dataclasses, parameters for fire."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.errors import GuardError, OverlapError
from porter.model import Edit
from porter.options.ledger import Option, normal
from porter.python.dotted import last_name
from porter.python.place import OPTION_CALLS
from porter.splice import apply

if TYPE_CHECKING:
    from porter.python.scene import Scene

# A file without any of these defines no option that a person can type.
_WORDS = (b"add_argument", b"add_option", b"click", b"typer", b"DEFINE_", b"dataclass", b"fire", b"Tap", b"BaseS")
_FIELD_CLASSES = frozenset({"Tap", "BaseModel", "BaseSettings", "TrainingArguments", "Seq2SeqTrainingArguments"})
_Defined = tuple[ast.AST, frozenset[str], list[ast.expr], list[ast.expr]]  # node, names, defaults, choices


def may_define(data: bytes) -> bool:
    """Whether a file can define an option at all."""
    return any(word in data for word in _WORDS)


def defined(scene: Scene, edits: list[Edit]) -> Iterator[Option]:
    """The options of a file, with what its edits make of their values."""
    data = scene.module.source.data
    if not may_define(data) or not any(value in data for value in _values(scene)):
        return
    reader, commands = _Reader(scene, edits), _commands(scene)
    for node in _nodes(scene, commands):
        for at, names, defaults, choices in _definitions(node, commands):
            option = reader.option(at, names, defaults, choices)
            if option is not None:
                yield option


def _nodes(scene: Scene, commands: frozenset[str]) -> Iterator[ast.AST]:
    """All nodes of the statements in which a definition can stand: each has to spell one of a few names."""
    source = scene.module.source
    wanted = tuple(name.encode() for name in (*OPTION_CALLS, *_FIELD_CLASSES, *commands, "dataclass", "command"))
    for statement in scene.module.tree.body:
        first = min([statement.lineno, *(mark.lineno for mark in getattr(statement, "decorator_list", ()))])
        text = source.data[source.line_start(first) : source.end(statement)]
        if any(name in text for name in wanted):
            yield from ast.walk(statement)


def imported(scene: Scene) -> frozenset[str]:
    """The last names of what a file imports: modules, and what may be one."""
    names = [alias.name for statement in scene.module.all_imports for alias in statement.names]
    names += [statement.module or "" for statement in scene.module.all_imports if isinstance(statement, ast.ImportFrom)]
    return frozenset(name.rpartition(".")[2] for name in names)


def _values(scene: Scene) -> set[bytes]:
    """The values that rules change: an option that takes none of them is nobody's concern."""
    from porter.kinds import literal

    return {f"{quote}{rule.value}".encode() for rule in scene.pack.of(literal.Rule) if rule.value for quote in "\"'"}


def _definitions(node: ast.AST, commands: frozenset[str]) -> Iterator[_Defined]:
    if isinstance(node, ast.Call) and last_name(node.func) in OPTION_CALLS:
        yield from _call(node)
    elif isinstance(node, ast.ClassDef) and _has_fields(node):
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                yield _field(statement, statement.target.id, statement.annotation, statement.value)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_command(node, commands):
        positional = [*node.args.posonlyargs, *node.args.args]
        defaults = [None] * (len(positional) - len(node.args.defaults)) + list(node.args.defaults)
        pairs = [
            *zip(positional, defaults, strict=True),
            *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
        ]
        for parameter, default in pairs:
            yield _field(parameter, parameter.arg, parameter.annotation, default)


def _call(call: ast.Call) -> Iterator[_Defined]:
    """`add_argument("--device", "-d", default="cuda", choices=[...])` and its like."""
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    flags = [text for text in texts if text.startswith("-")]
    absl = last_name(call.func).startswith("DEFINE_")
    names = {normal(part) for text in (texts[:1] if absl else flags) for part in text.split("/")}
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if isinstance(given.get("dest"), ast.Constant):
        names.add(normal(str(given["dest"].value)))  # type: ignore[attr-defined]
    defaults = [given[name] for name in ("default", "const") if name in given] + list(call.args[1:2] if absl else ())
    choices = [given[name] for name in ("choices", "type") if name in given] + list(call.args[2:3] if absl else ())
    if names:
        yield call, frozenset(names), defaults, choices


def _field(node: ast.AST, name: str, annotation: ast.expr | None, value: ast.expr | None) -> _Defined:
    """`device: str = "cuda"`, `= field(default="cuda", metadata=...)`, `= typer.Option("cuda", "--device")`."""
    names, defaults, choices = {normal(name)}, [] if value is None else [value], [annotation] if annotation else []
    if isinstance(value, ast.Call):
        given = {keyword.arg: keyword.value for keyword in value.keywords if keyword.arg}
        flags = [a.value for a in value.args if isinstance(a, ast.Constant) and str(a.value).startswith("-")]
        names |= {normal(part) for flag in flags for part in str(flag).split("/")}
        defaults = [given[key] for key in ("default", "value") if key in given] + list(value.args[:1])
        metadata = given.get("metadata")
        if isinstance(metadata, ast.Dict):
            pairs = zip(metadata.keys, metadata.values, strict=True)
            choices += [v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "choices"]
    return node, frozenset(names), defaults, choices


def _has_fields(node: ast.ClassDef) -> bool:
    marks = [last_name(mark.func if isinstance(mark, ast.Call) else mark) for mark in node.decorator_list]
    return "dataclass" in marks or any(last_name(base) in _FIELD_CLASSES for base in node.bases)


def _commands(scene: Scene) -> frozenset[str]:
    """The functions that are handed to fire or typer: `fire.Fire(main)`, `typer.run(main)`."""
    if not any(word in scene.module.source.data for word in (b"Fire", b"typer")):
        return frozenset()
    nodes = ast.walk(scene.module.tree)
    calls = (node for node in nodes if isinstance(node, ast.Call) and last_name(node.func) in {"Fire", "run"})
    return frozenset(a.id for call in calls for a in call.args[:1] if isinstance(a, ast.Name))


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef, commands: frozenset[str]) -> bool:
    """Whether a program's command line fills the function's parameters: `fire.Fire(main)`, `@app.command()`."""
    marks = (mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list)
    return node.name in commands or any(last_name(mark) == "command" for mark in marks)


class _Reader:
    """Strings of a definition, before and after the edits."""

    def __init__(self, scene: Scene, edits: list[Edit]) -> None:
        self._file = scene.module.path
        self._source = scene.module.source
        self._edits = edits
        self._named: dict[str, list[ast.expr]] = {}
        for statement in scene.module.tree.body:
            if isinstance(statement, ast.Assign):
                names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                self._named.update((name, [statement.value]) for name in names)
            elif isinstance(statement, ast.ClassDef) and any("Enum" in last_name(base) for base in statement.bases):
                members = [member.value for member in statement.body if isinstance(member, ast.Assign)]
                self._named[statement.name] = members

    def option(
        self, at: ast.AST, names: frozenset[str], defaults: list[ast.expr], choices: list[ast.expr]
    ) -> Option | None:
        became = [pair for node in defaults for pair in self._strings(node)[0]]
        taken: set[str] = set()
        for node in choices:
            pairs, complete = self._strings(node)
            became += pairs
            taken |= {made for _, made in pairs} if complete else set()
        if not became:
            return None
        return Option(self._file, getattr(at, "lineno", 1), names, tuple(dict.fromkeys(became)), frozenset(taken))

    def _strings(self, node: ast.expr) -> tuple[list[tuple[str, str]], bool]:
        """The strings that an expression can be, before and after, and whether those are all."""
        found: list[tuple[str, str]] = []
        complete, todo, seen = True, [node], set[str]()
        while todo:
            at = todo.pop()
            if isinstance(at, ast.Constant) and isinstance(at.value, str):
                found.append((at.value, self._after(at)))
            elif isinstance(at, ast.Name) and at.id in self._named and at.id not in seen:
                seen.add(at.id)
                todo += self._named[at.id]
            else:
                inner = _inside(at)
                complete = complete and bool(inner)
                todo += inner
        return found, complete

    def _after(self, node: ast.Constant) -> str:
        start, end = self._source.start(node), self._source.end(node)
        inside = [
            Edit(e.start - start, e.end - start, e.new, e.expected)
            for e in self._edits
            if start <= e.start and e.end <= end and e.end > e.start
        ]
        if not inside:
            return str(node.value)
        try:
            return str(ast.literal_eval(apply(self._source.data[start:end], inside).decode("utf-8").strip()))
        except (GuardError, OverlapError, SyntaxError, ValueError):
            return str(node.value)


def _inside(node: ast.expr) -> list[ast.expr]:
    """The expressions one of which a value is: the items of a list, the branches of `a if b else c`."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return node.elts
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None]
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.Subscript) and last_name(node.value) in {"Literal", "Optional", "Annotated"}:
        return [node.slice]
    if isinstance(node, ast.Call) and last_name(node.func) in {"Choice", "list", "sorted", "tuple"}:
        return node.args[:1]
    return []
