"""For programs: every entry with all that is known about it."""

from __future__ import annotations

import json
from dataclasses import asdict

import porter
from porter.drift.entry import Drift
from porter.report.safe import plain

FORMAT = 1


def render(drift: Drift) -> str:
    told = {
        "format": FORMAT,
        "porter": porter.__version__,
        "subject": drift.subject,
        "target": drift.target,
        "before": drift.before,
        "after": drift.after,
        "needs_a_person": drift.needs_a_person,
        "counts": {verdict: {"before": old, "after": new} for verdict, old, new in drift.counts},
        "notes": list(drift.notes),
        "entries": [{k: getattr(v, "value", v) for k, v in asdict(entry).items()} for entry in drift.entries],
    }
    return plain(json.dumps(told, indent=2, ensure_ascii=False)) + "\n"
