"""Import statements: where each name is spelled in them, and how they are renamed and added to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from porter.model import Edit
from porter.python.module import Module
from porter.python.source import Source

Segments = tuple[str, ...]


class ImportSite:
    """One import statement, with the byte spans of what it spells."""

    def __init__(self, statement: ast.Import | ast.ImportFrom, module: Module) -> None:
        self.statement = statement
        self._module = module
        self._source: Source = module.source

    @property
    def base(self) -> Segments:
        """The module of a `from` import."""
        if isinstance(self.statement, ast.ImportFrom) and not self.statement.level:
            return tuple((self.statement.module or "").split("."))
        return ()

    def qualified(self, alias: ast.alias) -> Segments:
        if isinstance(self.statement, ast.Import):
            return tuple(alias.name.split("."))
        if self.statement.level:
            return ("." * self.statement.level + (self.statement.module or ""), alias.name)
        return (*self.base, alias.name)

    def span(self, alias: ast.alias) -> tuple[int, int]:
        """The bytes that the reader should look at: the alias itself."""
        return self._source.start(alias), self._source.end(alias)

    def rename(self, new: dict[ast.alias, Segments], *, stays: bool) -> dict[ast.alias, tuple[Edit, ...]] | None:
        """The edits that give each alias its new name; None when one statement cannot say it.

        `stays`: other names of the statement keep theirs.
        """
        if isinstance(self.statement, ast.Import):
            return self._rename_modules(new)
        bases = {segments[:-1] for segments in new.values()}
        if len(bases) > 1:
            return None
        base = bases.pop()
        if base == self.base:
            return {alias: self._name_edits(alias, segments[-1]) for alias, segments in new.items()}
        if stays:
            return self._split(new, base)
        first = next(iter(new))
        edits = {alias: self._name_edits(alias, _bound(alias, segments[-1])) for alias, segments in new.items()}
        edits[first] = (self._module_edit(base), *edits[first])
        return edits

    def _rename_modules(self, new: dict[ast.alias, Segments]) -> dict[ast.alias, tuple[Edit, ...]] | None:
        edits: dict[ast.alias, tuple[Edit, ...]] = {}
        for alias, segments in new.items():
            old = alias.name.split(".")
            if alias.asname is None and old[0] != segments[0]:
                return None  # `import a.b` binds a; the uses would have to follow
            start = self._source.start(alias)
            edits[alias] = (
                Edit(start, start + len(alias.name.encode()), ".".join(segments).encode(), alias.name.encode()),
            )
        return edits

    def _name_edits(self, alias: ast.alias, name: str) -> tuple[Edit, ...]:
        if name == alias.name:
            return ()
        start = self._source.start(alias)
        return (Edit(start, start + len(alias.name.encode()), name.encode(), alias.name.encode()),)

    def _module_edit(self, base: Segments) -> Edit:
        """The change to the module path, as small as it can be."""
        start = self._source.start(self.statement)
        found = re.compile(rb"from\s+").match(self._source.data, start)
        if found is None:
            raise LookupError("a from import starts with from")
        at = found.end()
        old = self.base
        if len(old) == len(base) and sum(a != b for a, b in zip(old, base, strict=True)) == 1:
            index = next(i for i, (a, b) in enumerate(zip(old, base, strict=True)) if a != b)
            at += len(".".join((*old[:index], "")).encode())
            return Edit(at, at + len(old[index].encode()), base[index].encode(), old[index].encode())
        text = ".".join(old).encode()
        return Edit(at, at + len(text), ".".join(base).encode(), text)

    def _split(self, new: dict[ast.alias, Segments], base: Segments) -> dict[ast.alias, tuple[Edit, ...]] | None:
        """Two statements: the renamed names from their new module, the others as they were."""
        start, end = self._source.start(self.statement), self._source.end(self.statement)
        line = self._source.line_start(self.statement.lineno)
        indent = self._source.data[line:start]
        if indent.strip():
            return None  # it shares its line with another statement
        from porter.python.islands import split_import  # LibCST is loaded only for a rewrite that needs it

        text = self._source.data[start:end]
        moved = {alias.name: _bound(alias, segments[-1]) for alias, segments in new.items()}
        replaced = split_import(text, moved, ".".join(base), indent=indent, newline=self._source.newline)
        first = next(iter(new))
        return {first: (Edit(start, end, replaced, text),)}


def _bound(alias: ast.alias, name: str) -> str:
    """A name from another module: the uses keep what they call it."""
    return name if alias.asname or name == alias.name else f"{name} as {alias.name}"


def import_sites(module: Module) -> Iterator[ImportSite]:
    for statement in module.imports:
        yield ImportSite(statement, module)
