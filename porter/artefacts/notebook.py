"""Notebooks: code cells are ported as one Python module, byte by byte inside the JSON; outputs and metadata stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from porter.artefacts import shell
from porter.artefacts.cells import SEPARATOR, Cells, written
from porter.artefacts.in_json import Node, text_of, tree
from porter.artefacts.magics import Masked, masked
from porter.artefacts.page import Page, Reading, Stay, UnreadableError
from porter.checkout.walk import Entry
from porter.model import Edit
from porter.proposal import Proposal

_METADATA = "metadata: settings of the notebook, not code"
_OUTPUT = "output: what a cell printed when it last ran"
_PROSE = "prose: a cell for a reader"


def concerns(entry: Entry) -> bool:
    return entry.kind == "notebook"


def wants(data: bytes) -> bool:
    """Lines of shell text matter as a script does."""
    return re.search(rb'"\s*(!|%%?(pip|conda|bash|sh)\b)', data) is not None


def read(page: Page) -> Reading:
    top = tree(page.data)
    cells = top.get(page.data, "cells")
    if cells is None or cells.sort != "array":
        raise UnreadableError(
            1,
            "It is a notebook of format 3 or older, or none at all.",
            "Bring it to format 4 with `jupyter nbconvert --to notebook`.",
        )
    reading = Reading(stays=[Stay(0, len(page.data), _METADATA)])
    code = [cell for _, cell in cells.items if _sort(cell, page.data) == "code"]
    for _, cell in cells.items:
        source = cell.get(page.data, "source")
        if source is not None and _sort(cell, page.data) != "code":
            reading.stays.append(Stay(source.start, source.end, _PROSE, once=True))
    for cell in code:
        outputs = cell.get(page.data, "outputs")
        if outputs is not None:
            reading.stays.append(Stay(outputs.start, outputs.end, _OUTPUT, once=True))
    if _language(top, page.data) == "python":
        _code(page, code, reading)
    return reading


def _sort(cell: Node, data: bytes) -> str:
    kind = cell.get(data, "cell_type")
    return text_of(kind, data) if kind is not None and kind.sort == "string" else ""


def _language(top: Node, data: bytes) -> str:
    metadata = top.get(data, "metadata")
    for group, key in (("kernelspec", "language"), ("language_info", "name")):
        found = metadata.get(data, group) if metadata else None
        name = found.get(data, key) if found else None
        if name is not None and name.sort == "string":
            return text_of(name, data).lower()
    return "python"


def _code(page: Page, code: list[Node], reading: Reading) -> None:
    joined = Cells(page.data)
    parts: list[tuple[Masked, int]] = []
    text = b""
    for cell in code:
        source = cell.get(page.data, "source")
        if source is None or source.sort not in {"string", "array"} or not (source.sort == "string" or source.items):
            continue
        begin, end = joined.add(source)
        part = masked(joined.text[begin:end])
        parts.append((part, begin))
        text += part.text + SEPARATOR
        reading.stays.append(
            Stay(source.start, source.end, "code: a name or text that is not the name of a device", rules=True)
        )
        if not part.parses:
            reading.troubles.append((source.start, "A code cell is not valid Python.", "Port the cell by hand."))
            reading.stays.append(
                Stay(
                    source.start, source.end - 1, "code that is not valid Python, so porter cannot read it", rules=True
                )
            )
        elif part.foreign:
            reading.stays.append(
                Stay(source.start, source.end - 1, "cell of another language or a file that it writes")
            )
    if parts:
        for part, begin in parts:
            _shell(page, joined, part, begin, reading)
            if part.module is not None:
                _module(page, joined, begin + part.module[0], begin + part.module[1], reading)
        reading.sites += _python(page, joined, text)


def _shell(page: Page, joined: Cells, part: Masked, begin: int, reading: Reading) -> None:
    for start, end in part.shell:
        base = begin + start
        nested = shell.read(page.part(joined.text[base : begin + end]))
        nested.flaws = 0
        page.neutral(nested)
        reading.add(nested.shifted(base).moved(joined.place, written))


def _module(page: Page, joined: Cells, start: int, end: int, reading: Reading) -> None:
    """A Python file that a cell writes (`%%writefile x.py`) is a module of its own."""
    try:
        reading.sites += _python(page, joined, joined.text[start:end], start)
    except (SyntaxError, ValueError):
        at = joined.place(start)
        reading.troubles.append((at, "The Python file that a cell writes is not valid Python.", "Port it by hand."))
        why = "code that is not valid Python, so porter cannot read it"
        reading.stays.append(Stay(at, joined.place(end), why, rules=True))


def _python(page: Page, joined: Cells, text: bytes, base: int = 0) -> Iterator[Proposal]:
    """The sites of all cells together, since they share their names; or of a text that begins at `base`."""
    from porter.python.reading import propose, read_scene

    if not page.context.triage.concerns(text):
        return
    for site in propose(read_scene(page.path, text, page.context)):
        edits = tuple(_edit(page, joined, edit, base) for edit in site.edits)
        start = joined.place(base + site.start)
        end = max(joined.place(base + max(site.end - 1, site.start)) + 1, start) if site.end > site.start else start
        yield replace(site, start=start, end=end, edits=edits)


def _edit(page: Page, joined: Cells, edit: Edit, base: int) -> Edit:
    if edit.start == edit.end:
        at, new = joined.insertion(base + edit.start, edit.new)
        return Edit(at, at, new, b"")
    start = joined.place(base + edit.start)
    end = joined.place(base + edit.end)
    return Edit(start, end, written(edit.new), page.data[start:end])
