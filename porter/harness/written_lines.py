"""The places of a port that somebody wrote, porter or a person, as statements that can be seen to run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from porter.checkout.kind import kind_of
from porter.harness.handwork import Change, standing
from porter.harness.statements import Lines, statement

if TYPE_CHECKING:
    from porter.harness.case import Case

_PAGES = ("markdown", "text", "binary")  # nothing that runs, as far as anybody can tell from outside


@dataclass(frozen=True, slots=True)
class Place:
    """A statement that somebody wrote; `lines` is nothing in a file that is not Python."""

    file: str
    line: int
    lines: Lines | None
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} (`{self.text[:120]}`)" if self.text else f"{self.file}:{self.line}"

    def in_any(self, ran: set[str]) -> bool:
        """Whether one of its lines ran."""
        first, last = self.lines or (1, 0)
        return any(f"{self.file}:{line}" in ran for line in range(first, last + 1))


def watched(case: Case) -> dict[str, list[int]]:
    """The lines to look out for, by file."""
    found: dict[str, set[int]] = {}
    for place in (*ported(case), *edited(case)):
        if place.lines:
            found.setdefault(place.file, set()).update(range(place.lines[0], place.lines[1] + 1))
    return {file: sorted(lines) for file, lines in sorted(found.items())}


def ported(case: Case) -> list[Place]:
    """The statements of Python that porter wrote and that still stand."""
    found: dict[tuple[str, Lines], Place] = {}
    for file, tree in _trees(case).items():
        if file in case.lock.spans and (case.stage.port / file).is_file():
            for line, text in standing(case.lock, file, (case.stage.port / file).read_bytes()):
                lines = statement(tree, line)
                if lines:
                    found.setdefault((file, lines), Place(file, line, lines, text.strip()))
    return list(found.values())


def edited(case: Case) -> list[Place]:
    """What a person edited and nobody said is meant, but for porter's own lines, which the check `edits` defends."""
    trees = _trees(case)
    unsaid = [change for change in case.handwork.changes if not change.said and not change.owned]
    return [place for change in unsaid for place in _of_edit(change, trees.get(change.file))]


def _trees(case: Case) -> dict[str, ast.Module]:
    return {source.file: source.tree for source in case.sources}


def _of_edit(change: Change, tree: ast.Module | None) -> Iterator[Place]:
    """The statements that were edited; where one is gone, what stands before it has to have run."""
    if tree is None:
        if kind_of(change.file, lambda: b"") not in _PAGES:
            yield Place(change.file, change.first, None, change.now)
        return
    seen = set()
    for line in range(change.first, change.last + 1):
        lines = statement(tree, line)
        if lines and lines not in seen:
            seen.add(lines)
            yield Place(change.file, line, lines, change.now)
    if change.last < change.first and not change.wrote.startswith("#"):
        around = (statement(tree, line) for line in (*range(change.last, 0, -1), change.first))
        lines = next(filter(None, around), None)
        if lines:
            yield Place(change.file, change.first, lines, change.now)
