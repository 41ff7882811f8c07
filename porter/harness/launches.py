"""Options that a port's command lines pass to its programs, and that these do not take, though the original's do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from porter.harness.sources import Source, imported
from porter.options.ledger import normal
from porter.own import repository
from porter.python.dotted import last_name
from porter.python.place import OPTION_CALLS

_KINDS = ("shell", "makefile", "dockerfile", "notebook", "yaml", "markdown", "python")
_LARGE = 2**20  # bytes; no command lines are looked for in a larger file
_CONTINUED = re.compile(r"\\\\?n?\s*\n\s*\"?")
_QUOTES = re.compile(r"[\"'`,\[\]]+")
_VARIABLE = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*[?:]?=[ \t]*([\w.:/+-]+)", re.MULTILINE)
_USED = re.compile(r"\$[{(]?(\w+)[})]?")
_PROGRAM = re.compile(r"(?<![\w./-])([\w./-]+\.py)((?:[ \t]+[^\s;|&<>]+)+)")
_PLAIN = re.compile(r"[\w.:/+-]+")
_OF_CUDA = re.compile(r"(cuda|nccl)\b")  # what is left of CUDA a second plan tells, and texts may say it
_DEEP = 3  # modules that a program imports, those that these import, and so on


def misfits(
    port: Path, sources: list[Source], original: Path, upstream: list[Source], names: Mapping[str, str]
) -> Iterator[str]:
    """A sentence without its full stop for each option that does not fit, and did in the original.

    `names`: what stands in the original for each of the port's words.
    """
    before = {(program, option, value) for _, program, option, value, _ in _misfits(original, upstream)}
    for place, program, option, value, takes in _misfits(port, sources):
        head, colon, tail = value.partition(":")
        same = (program, option, names.get(head, head) + colon + tail)
        if same not in before and not _OF_CUDA.match(value):
            why = f"and it takes {', '.join(sorted(takes))}" if takes else "an option that it does not have"
            yield f"{place} starts {program} with --{option}{' ' * bool(value)}{value}, {why}"


def _misfits(root: Path, sources: list[Source]) -> Iterator[tuple[str, str, str, str, frozenset[str]]]:
    """Place, program and option; where the option is there, the value that is not among those that it takes."""
    programs: dict[str, dict[str, frozenset[str]]] = {}
    for place, name, words in _started(root):
        if name not in programs:
            programs[name] = _options_of(name, sources)
        known = programs[name]
        for option, value in _passed(words) if known else ():
            takes = known.get(option)
            if takes is None and not any(each.startswith(option) for each in known):
                yield place, name, option, "", frozenset()
            elif takes and value and _PLAIN.fullmatch(value) and value not in takes:
                yield place, name, option, value, takes


def _started(root: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The command lines of all files: place, program, and what it is given."""
    for entry in repository(root):
        path = root / entry.path
        if entry.kind not in _KINDS or entry.is_symlink or path.stat().st_size > _LARGE:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        whole = _QUOTES.sub(" ", _CONTINUED.sub(" ", text))
        told = {found[1]: found[2] for found in reversed(list(_VARIABLE.finditer(whole)))}  # the first one counts
        whole = _USED.sub(lambda found, told=told: told.get(found[1], found[0]), whole)  # type: ignore[misc]
        for found in _PROGRAM.finditer(whole):
            yield entry.path, found[1].removeprefix("./"), found[2].split()


def _passed(words: list[str]) -> Iterator[tuple[str, str]]:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if re.fullmatch(r"--[A-Za-z][\w-]*", name):
            yield normal(name), value if equals else "" if following.startswith("-") else following


def _options_of(name: str, sources: list[Source]) -> dict[str, frozenset[str]]:
    """The program's own options and those of the modules that it imports, each with what it takes if that is known."""
    near = [source for source in sources if f"/{source.file}".endswith(f"/{name.removeprefix('../')}")]
    seen = list(near)
    for _ in range(_DEEP):
        names = {last for source in near for last in (*imported(source), *_relative(source))}
        near = [s for s in sources if s not in seen and s.file.removesuffix(".py").rpartition("/")[2] in names]
        seen += near
    options: dict[str, frozenset[str]] = {}
    for source in seen:
        options.update(_defined(source.tree))
    return options


def _relative(source: Source) -> set[str]:
    """The last names of the modules that it imports from, by whatever path."""
    nodes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom)]
    return {(node.module or "").rpartition(".")[2] for node in nodes} | {a.name for node in nodes for a in node.names}


def _defined(tree: ast.Module) -> Iterator[tuple[str, frozenset[str]]]:
    lists = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and last_name(node.func) in OPTION_CALLS:
            choices = next((word.value for word in node.keywords if word.arg == "choices"), None)
            choices = lists.get(choices.id) if isinstance(choices, ast.Name) else choices
            for text in (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)):
                yield from ((normal(part), _strings(choices)) for part in text.split("/") if part.startswith("--"))
        elif isinstance(node, ast.ClassDef):
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            yield from ((each.id, frozenset[str]()) for each in fields if isinstance(each, ast.Name))


def _strings(choices: ast.expr | None) -> frozenset[str]:
    """All strings of a list; nothing where something else stands in it."""
    items = choices.elts if isinstance(choices, (ast.List, ast.Tuple, ast.Set)) else []
    texts = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return frozenset(texts) if len(texts) == len(items) else frozenset()
