"""A history as a table: for a terminal, in Markdown, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from porter.history.look import Point
from porter.report.safe import code, plain, visible

_HEADS = ("tag", "day", "found", "ported", "kept", "review", "manual", "coverage")


def render(points: list[Point], form: str) -> str:
    """The table in one of the forms."""
    return FORMS[form](points)


def _rows(points: list[Point]) -> list[tuple[str, ...]]:
    return [
        (
            f"{visible(point.tag)}{' *' if point.ported_from else ''}",
            point.day,
            *(
                f"{amount:,}"
                for amount in (point.found, *(point.counts[v] for v in ("ported", "kept", "review", "manual")))
            ),
            f"{point.coverage:.1%}",
        )
        for point in points
    ]


def _text(points: list[Point]) -> str:
    rows = [_HEADS, *_rows(points)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_HEADS))]
    lines = [
        "  ".join(
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([*(line.rstrip() for line in lines), "", "* what the port was made from"]) + "\n"


def _markdown(points: list[Point]) -> str:
    head = f"| {' | '.join(_HEADS)} |\n|---|---|{'---:|' * 6}\n"
    return head + "".join(f"| {code(row[0])} | {' | '.join(row[1:])} |\n" for row in _rows(points))


def _json(points: list[Point]) -> str:
    told = [
        {**asdict(point), "tag": plain(point.tag), "found": point.found, "open": point.open, "coverage": point.coverage}
        for point in points
    ]
    return json.dumps({"format": 1, "points": told}, indent=2, ensure_ascii=False) + "\n"


FORMS = {"text": _text, "markdown": _markdown, "json": _json}
