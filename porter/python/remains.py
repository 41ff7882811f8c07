"""What remains: places that name an accelerator and that no rule speaks of. Each is kept, with the reason."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from porter.python import prose
from porter.python.scene import Scene

_IDENTIFIER = re.compile(rb"[A-Za-z_0-9\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class Remainder:
    """A place that stays, by line, and why."""

    line: int
    start: int
    name: str
    why: str
    others: tuple[int, ...] = ()  # further lines that it speaks for


def remainders(
    scene: Scene, spans: Iterable[tuple[int, int]], covered: Iterable[tuple[int, int]]
) -> Iterator[Remainder]:
    """The spans that nothing covers, one for each line and reason."""
    source = scene.module.source
    strings = sorted(
        (source.start(n), source.end(n), i)
        for i, n in enumerate(scene.module.strings)
        if not isinstance(scene.module.parents.get(n), ast.JoinedStr)  # where its parts lie depends on the Python
    )
    taken = sorted(covered)
    owners = _owners(scene)
    seen: set[tuple[int, str]] = set()
    for start, end in spans:
        if any(s < end and start < e for s, e in taken):
            continue
        line = source.line_of(start)
        name, why = _explain(scene, start, strings, owners)
        if (line, why) not in seen:
            seen.add((line, why))
            yield Remainder(line, start, name, why)


def _explain(scene: Scene, at: int, strings: list[tuple[int, int, int]], owners: dict[str, str]) -> tuple[str, str]:
    index = bisect_right(strings, (at, 1 << 62, 0))
    inside = [s for s in strings[max(0, index - 8) : index] if s[0] <= at < s[1]]
    if inside:
        outermost = min(inside, key=lambda span: (span[0], -span[1], span[2]))
        why = prose.reason(scene.module, scene.module.strings[outermost[2]])
        return _slug(why), why
    data = scene.module.source.data
    line_start = scene.module.source.line_start(scene.module.source.line_of(at))
    if b"#" in data[line_start:at]:
        return "comment", "comment: text for a reader"
    word = next(
        (m for m in _IDENTIFIER.finditer(data, max(line_start, at - 200), at + 200) if m.start() <= at < m.end()), None
    )
    text = word[0].decode("utf-8", "replace") if word else ""
    why = owners.get(text, "a name of the repo's own: renaming it would change nothing on the target")
    return _slug(why), why


def _owners(scene: Scene) -> dict[str, str]:
    """Reasons by identifier: who owns a name that contains an accelerator's."""
    reasons: dict[str, str] = {}
    for statement in scene.module.imports:
        for alias in statement.names:
            module = (
                alias.name if isinstance(statement, ast.Import) else "." * statement.level + (statement.module or "")
            )
            whose = "the repo's own module" if module.startswith(".") else f"the package {module.partition('.')[0]}"
            for part in (alias.name, alias.asname or "", *module.split(".")):
                for name in part.split("."):
                    reasons.setdefault(name, f"a name of {whose}: imported as it is")
    for name, package in _of_packages(scene):
        reasons.setdefault(name, f"a name of the package {package}: used as it is")
    for node, name in scene.module.named:
        if isinstance(node, ast.keyword):
            call = scene.module.parents.get(node)
            callee = (
                ast.unparse(call.func) if isinstance(call, ast.Call) and len(ast.unparse(call.func)) < 60 else "a call"
            )
            reasons.setdefault(name, f"an argument of {callee}: a name of its interface")
        elif isinstance(node, ast.arg):
            reasons.setdefault(name, "a parameter: a name of the repo's own interface")
        else:
            reasons.setdefault(name, "a definition: a name of the repo's own interface")
    return reasons


def _of_packages(scene: Scene) -> Iterator[tuple[str, str]]:
    """The parts of dotted names that begin at an import of another package: `ICudaEngine` of `trt.ICudaEngine`."""
    for chain in scene.module.chains:
        for meaning in scene.names.meanings(chain) if chain.parts else ():
            package = meaning.segments[0]
            through = meaning.through
            if package and through is not None and through.statement is not None and not scene.is_own(package):
                yield from ((part, package) for part in chain.parts)


def _slug(why: str) -> str:
    return re.sub(r"[^a-z]+", "-", why.partition(":")[0].lower()).strip("-")[:40]
