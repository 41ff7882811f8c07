"""Figures as a table, as JSON, and as a picture of how the times spread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from porter.report.safe import visible
from porter.serving.client import Answer
from porter.serving.figures import PERCENTILES, Figures, Spread

_ROWS = {
    "first": "time to first token",
    "per_token": "time per further token",
    "between": "time between pieces",
    "whole": "whole answer",
}


def as_text(found: Figures) -> str:
    """For a terminal."""
    by = "as the server counts" if found.counted else "a piece of the stream, or a word, counted as one"
    lines = [
        f"{found.good} of {found.requests} requests answered in {found.seconds:.2f} s",
        f"  requests per second       {found.per_second:10.2f}",
        f"  output tokens per second  {found.tokens_per_second:10.2f}   ({by})",
        f"  all tokens per second     {(found.tokens + found.prompt_tokens) / found.seconds:10.2f}",
        "",
        f"  {'milliseconds':24}{'mean':>10}" + "".join(f"{f'p{p}':>10}" for p in PERCENTILES),
    ]
    for name, title in _ROWS.items():
        spread: Spread | None = getattr(found, name)
        if spread is not None:
            values = [spread.mean, *spread.percentiles.values()]
            lines.append(f"  {title:24}" + "".join(f"{value:10.1f}" for value in values))
    lines += [f"  {count} x {visible(error)}" for error, count in found.errors]
    return "\n".join(lines)


def as_json(found: Figures) -> str:
    """For programs."""
    return json.dumps(asdict(found), indent=1, ensure_ascii=False)


def as_svg(answers: Sequence[Answer], title: str) -> str:
    """Each answer as a bar in time: light until its first token, dark until its last; errors in red."""
    began = min((answer.began for answer in answers), default=0.0)
    end = max((answer.began - began + answer.total for answer in answers), default=1.0) or 1.0
    width, left, row = 800, 60, max(2, min(14, 900 // max(1, len(answers))))
    height = 60 + row * len(answers)
    scale = (width - left - 20) / end
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"',
        '     font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/><text x="{left}" y="18">{escape(title)}</text>',
    ]
    for number, answer in enumerate(answers):
        x, y = left + (answer.began - began) * scale, 30 + number * row
        first = answer.first or (0.0 if answer.error else answer.total)
        color = "#c0392b" if answer.error else "#1f5fa8"
        parts.append(_bar(x, y, first * scale, row, "#a9c4e4"))
        parts.append(_bar(x + first * scale, y, (answer.total - first) * scale, row, color))
    for tick in range(6):
        at = left + tick * (width - left - 20) / 5
        parts.append(f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle">{end * tick / 5:.2f} s</text>')
    return "\n".join([*parts, "</svg>", ""])


def _bar(x: float, y: float, width: float, height: int, color: str) -> str:
    return f'<rect x="{x:.2f}" y="{y}" width="{max(0.0, width):.2f}" height="{height - 1}" fill="{color}"/>'
