"""For programs: every entry with all that is known about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import porter
from porter.drift.entry import Drift, Entry
from porter.report.safe import plain

FORMAT = 1


def render(drift: Drift) -> str:
    told = {
        "format": FORMAT,
        "porter": porter.__version__,
        "subject": plain(drift.subject),
        "target": plain(drift.target),
        "before": plain(drift.before),
        "after": plain(drift.after),
        "needs_a_person": drift.needs_a_person,
        "counts": {verdict: {"before": old, "after": new} for verdict, old, new in drift.counts},
        "notes": list(map(plain, drift.notes)),
        "entries": [_entry(entry) for entry in drift.entries],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _entry(entry: Entry) -> dict[str, Any]:
    return {key: _shown(getattr(value, "value", value)) for key, value in asdict(entry).items()}


def _shown(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value
