"""An independent look at a port: the options of its programs, and the values that its launch lines pass to them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Passed:
    """A value that a launch line passes to an option of a program."""

    file: str
    line: int
    program: str
    option: str
    value: str


def choices(tree: ast.Module) -> dict[str, set[str]]:
    """The choices of each option of a program, where they are written out."""
    named = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, set[str]] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name not in {"add_argument", "option"}:
            continue
        for keyword in call.keywords:
            node = keyword.value
            node = named.get(node.id, node) if isinstance(node, ast.Name) else node
            node = node.args[0] if isinstance(node, ast.Call) and node.args else node
            if keyword.arg in {"choices", "type"} and isinstance(node, (ast.List, ast.Tuple)):
                taken = {e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)}
                for flag in (a.value for a in call.args if isinstance(a, ast.Constant)):
                    found[str(flag)] = taken
    return found


def launch_lines(path: str, text: str) -> Iterator[Passed]:
    """The options that lines of a script, Makefile, notebook, Dockerfile or page pass to a Python program."""
    joined = re.sub(r"\\\n", "  ", text)
    for number, line in enumerate(joined.splitlines(), 1):
        line = re.sub(r'["\'\[\],\\]', " ", line)
        found = re.search(r"(\S+\.py)\b(.*)", line)
        for option in re.finditer(r"(--[\w-]+)(?:=|\s+)([\w:.]+)(?=\s|$)", found[2] if found else ""):
            yield Passed(path, number, found[1] if found else "", option[1], option[2])


def misfits(files: dict[str, str]) -> list[Passed]:
    """The values that a program of the tree would refuse."""
    programs: dict[str, dict[str, set[str]]] = {}
    for path, text in files.items():
        if path.endswith(".py"):
            try:
                programs[path] = choices(ast.parse(text))
            except SyntaxError:
                continue
    lines = [each for path, text in files.items() if not path.endswith(".py") for each in launch_lines(path, text)]
    return [each for each in lines if not _fits(each, programs)]


def _fits(each: Passed, programs: dict[str, dict[str, set[str]]]) -> bool:
    tail = PurePosixPath(each.program.lstrip("./")).parts
    own = [taken for path, taken in programs.items() if PurePosixPath(path).parts[-len(tail) :] == tail]
    return all(each.value in taken[each.option] for taken in own if each.option in taken)
