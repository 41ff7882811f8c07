"""Symptoms as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable

from porter.doctor.symptom import Symptom
from porter.report.safe import visible


def as_text(heading: str, symptoms: Iterable[Symptom]) -> str:
    """For a terminal."""
    lines = [heading, ""]
    for symptom in symptoms:
        lines.append(f"  {symptom.state.value:8} {symptom.subject:16} {visible(symptom.seen)}")
        if symptom.mend:
            lines += textwrap.wrap(
                f"→ {symptom.mend}",
                120,
                initial_indent=" " * 28,
                subsequent_indent=" " * 30,
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def as_json(target: str, symptoms: Iterable[Symptom]) -> str:
    """For programs."""
    rows = [
        {"subject": each.subject, "state": each.state.value, "seen": each.seen, "mend": each.mend} for each in symptoms
    ]
    return json.dumps({"target": target, "symptoms": rows}, indent=1, ensure_ascii=False)
