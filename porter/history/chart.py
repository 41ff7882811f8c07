"""A small SVG of a history: the part of the places that porter covers as a line, those left to a person as bars."""

from __future__ import annotations

from html import escape

from porter.history.look import Point
from porter.report.safe import visible

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 720, 260, 48, 28, 64


def draw(points: list[Point], title: str) -> str:
    """The SVG as text: no script, no address, the same for the same points."""
    inner_width, inner_height = _WIDTH - 2 * _LEFT, _HEIGHT - _TOP - _FOOT
    most = max([point.open for point in points] or [0]) or 1
    step = inner_width / max(1, len(points))
    centres = [_LEFT + step * (index + 0.5) for index in range(len(points))]
    base = _TOP + inner_height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{_text(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="16" font-size="13">{_text(title)}</text>',
        f'<text x="4" y="{_TOP + 8}" fill="#1a5fb4">100 %</text>',
        f'<text x="{_WIDTH - _LEFT + 6}" y="{_TOP + 8}" fill="#c64600">{most}</text>',
        f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _LEFT}" y2="{base}" stroke="#888"/>',
    ]
    for point, x in zip(points, centres, strict=True):
        tall = inner_height * point.open / most
        parts.append(
            f'<rect x="{x - step * 0.3:.1f}" y="{base - tall:.1f}" width="{step * 0.6:.1f}" height="{tall:.1f}" '
            f'fill="#f5c211"><title>{_text(point.tag)}: {point.open} left to a person</title></rect>'
        )
        weight = ' font-weight="bold"' if point.ported_from else ""
        parts.append(f'<text transform="translate({x:.1f},{base + 12}) rotate(40)"{weight}>{_text(point.tag)}</text>')
    line = " ".join(
        f"{x:.1f},{base - inner_height * point.coverage:.1f}" for point, x in zip(points, centres, strict=True)
    )
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1a5fb4" stroke-width="2"/>')
    parts.append(
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}"><tspan fill="#1a5fb4">line: places that no person has to port</tspan>'
        '<tspan dx="16" fill="#c64600">bars: places left to a person</tspan></text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(text: str) -> str:
    return escape(visible(text)[:60])
