"""A diagnosis as text, in English or Chinese, and as JSON."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from porter.diagnosis.match import Diagnosis, Match
from porter.diagnosis.signatures import EVIDENCE
from porter.report.safe import shorten, visible

LANGUAGES = ("en", "zh", "both")
_SHOWN = 5  # causes; a log with more has said so often enough
_WORDS = {"en": ("Cause", "What mends it"), "zh": ("原因", "处理")}
_UNKNOWN = {
    "en": "porter does not know this message. It may be a plain fault of the program: read the end of its traceback.",
    "zh": "porter 不认识这条信息。它也可能只是程序自身的错误：请先看 traceback 的最后几行。",
}


def as_text(diagnosis: Diagnosis, language: str) -> str:
    """For a terminal."""
    spoken = [name for name in ("en", "zh") if language in (name, "both")]
    if not diagnosis.known:
        return "\n".join(_UNKNOWN[name] for name in spoken)
    parts = [_entry(index, match, spoken) for index, match in enumerate(diagnosis.matches[:_SHOWN], 1)]
    left = len(diagnosis.matches) - _SHOWN
    if left > 0:
        rest = ", ".join(match.signature.id for match in diagnosis.matches[_SHOWN:])
        parts.append(f"Less likely: {rest} (`porter explain ID` shows each).")
    if diagnosis.codes:
        parts.append("\n".join(f"{code}  {meaning}" for code, meaning in diagnosis.codes))
    return "\n\n".join(parts)


def as_json(diagnosis: Diagnosis) -> str:
    """For programs: everything, in both languages."""
    return json.dumps(as_data(diagnosis), indent=1, ensure_ascii=False)


def as_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """What `as_json` says, as data."""
    rows: list[dict[str, Any]] = [
        {
            "id": match.signature.id,
            "line": match.line,
            "text": match.text,
            "targets": list(match.signature.targets),
            "stage": match.signature.stage,
            "evidence": match.signature.evidence,
            "cause": {"en": match.signature.cause, "zh": match.signature.cause_zh},
            "fix": {"en": match.signature.fix, "zh": match.signature.fix_zh},
            "cites": list(match.signature.cites),
        }
        for match in diagnosis.matches
    ]
    codes = [{"code": code, "meaning": meaning} for code, meaning in diagnosis.codes]
    return {"known": diagnosis.known, "matches": rows, "codes": codes}


def likeliest(diagnosis: Diagnosis) -> Match | None:
    """The likeliest cause of a failure; what merely warned is none."""
    return next((match for match in diagnosis.matches if match.failed), None)


def in_a_line(diagnosis: Diagnosis) -> str | None:
    """The likeliest cause and its cure in one line, for a report that has other things to say."""
    best = likeliest(diagnosis)
    if best is not None:
        return f"{best.signature.id}: {best.signature.cause}; what mends it: {best.signature.fix}"
    return "; ".join(f"{code}: {meaning}" for code, meaning in diagnosis.codes) or None


def _entry(index: int, match: Match, spoken: list[str]) -> str:
    signature = match.signature
    head = (
        f"{index}. {signature.id} ({', '.join(signature.targets)}; {signature.stage}; {EVIDENCE[signature.evidence]})"
    )
    where = f"line {match.line}" if match.line else "looks for"
    lines = [head, f"   {where}: {shorten(visible(match.text), 160)}"]
    said = {"en": (signature.cause, signature.fix), "zh": (signature.cause_zh, signature.fix_zh)}
    for name in spoken:
        for word, text in zip(_WORDS[name], said[name], strict=True):
            lines += _wrapped(f"{word}: {text}")
    if signature.cites:
        lines += textwrap.wrap(
            f"See {', '.join(signature.cites)}", 110, initial_indent="   ", subsequent_indent="     "
        )
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="   ", subsequent_indent="     ", break_on_hyphens=False)
