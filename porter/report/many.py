"""Several ports of one checkout, a port for each target, in one summary with a column for each."""

from __future__ import annotations

import json
from collections.abc import Sequence

from porter.errors import UsageError
from porter.model import Plan, Verdict
from porter.report import as_json, safe
from porter.report.as_text import table, wrap
from porter.report.summary import duration, summarise


def render(plans: Sequence[Plan], form: str) -> str:
    """The summary as text or Markdown, or the reports themselves as a JSON list."""
    if form == "json":
        return json.dumps([json.loads(as_json.render(plan)) for plan in plans], indent=2, ensure_ascii=False) + "\n"
    if form not in {"text", "markdown"}:
        raise UsageError(f"--format {form} is for one target; text, markdown and json take several.")
    rows = _rows(plans)
    name = plans[0].origin.name
    if form == "markdown":
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|---|" + "---:|" * len(plans))
        return "\n".join([f"# {safe.code(name)}, a port for each target", "", *lines, ""])
    return "\n".join([*wrap(f"{name}, a port for each target"), "", *table(rows), ""])


def _rows(plans: Sequence[Plan]) -> list[list[str]]:
    summaries = [summarise(plan) for plan in plans]
    return [
        ["", *(plan.target.name for plan in plans)],
        ["version", *(plan.target.version for plan in plans)],
        *([verdict.value, *(f"{each.counts[verdict]:,}" for each in summaries)] for verdict in reversed(Verdict)),
        ["files changed", *(f"{each.changed:,}" for each in summaries)],
        ["not read", *(f"{each.unread:,}" for each in summaries)],
        ["work", *(duration(each.effort) if each.effort else "-" for each in summaries)],
    ]
