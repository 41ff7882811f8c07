"""What a run of the harness showed, as JSON and as a table: the same run gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.harness.result import Result
from porter.report.safe import code, prose

FORMAT = 1
FOLDER, DATA, TABLE = "verify", "evidence.json", "evidence.md"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Results with what they were got with. `bounds` are the sentences that hold for all of them."""

    subject: Mapping[str, str]
    versions: Mapping[str, str]
    bounds: tuple[str, ...]
    checks: Mapping[str, tuple[str, str]]  # what each check proves, and what it cannot
    results: tuple[Result, ...]


def as_json(evidence: Evidence) -> str:
    """For programs."""
    rows: list[dict[str, Any]] = [
        {
            "check": result.check,
            "subject": result.subject,
            "outcome": result.outcome.value,
            "detail": result.detail,
            "notes": list(result.notes),
            "seen": dict(result.seen),
        }
        for result in evidence.results
    ]
    whole = {
        "format": FORMAT,
        "made_by": "porter verify",
        "subject": dict(evidence.subject),
        "versions": dict(evidence.versions),
        "bounds": list(evidence.bounds),
        "checks": {name: {"proves": a, "cannot_prove": b} for name, (a, b) in evidence.checks.items()},
        "results": rows,
    }
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_markdown(evidence: Evidence) -> str:
    """For a reviewer, in GitHub Markdown."""
    subject = evidence.subject
    lines = [f"# Evidence for {prose(subject['name'])} on {subject['target']} ({subject['device']})", ""]
    lines += [str(prose(bound)) for bound in evidence.bounds]
    lines += ["", "| check | of | result | what was seen |", "|---|---|---|---|"]
    for result in evidence.results:
        mark = f"**{result.outcome.value}**"
        lines.append(f"| {result.check} | {code(result.subject)} | {mark} | {_cell(result.detail)} |")
    notes = [(result, note) for result in evidence.results for note in result.notes]
    if notes:
        lines += ["", "## Besides", ""]
        lines += [f"- {result.check}, {code(result.subject)}: {_cell(note)}" for result, note in notes]
    lines += ["", "## What a pass means", "", "| check | proves | cannot prove |", "|---|---|---|"]
    lines += [f"| {name} | {_cell(proves)} | {_cell(cannot)} |" for name, (proves, cannot) in evidence.checks.items()]
    versions = ", ".join(f"{name} {version}" for name, version in evidence.versions.items())
    return "\n".join([*lines, "", f"With {versions}."]) + "\n"


def as_text(evidence: Evidence) -> str:
    """For a terminal."""
    lines = [f"{evidence.subject['name']} on {evidence.subject['target']} ({evidence.subject['device']})", ""]
    width = max((len(result.check) for result in evidence.results), default=0)
    for result in evidence.results:
        lines.append(f"  {result.check:{width}}  {result.outcome.value:22}  {result.subject}")
        lines += [f"  {'':{width}}  {_line(text)}" for text in (result.detail, *result.notes)]
    lines += ["", "What a pass proves, and what it cannot:"]
    for name, (proves, cannot) in evidence.checks.items():
        lines += [f"  {name:{width}}  {proves}", f"  {'':{width}}  Not: {cannot}"]
    versions = ", ".join(f"{name} {version}" for name, version in evidence.versions.items())
    return "\n".join([*lines, "", *evidence.bounds, f"With {versions}."]) + "\n"


FORMS = {"text": as_text, "json": as_json, "markdown": as_markdown}


def write(evidence: Evidence, folder: Path) -> None:
    """Puts both files into the folder, each whole or not at all."""
    from porter.port.written import explained

    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in ((DATA, as_json(evidence)), (TABLE, as_markdown(evidence))):
            unfinished = folder / f".{name}.porter-tmp"
            unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
            unfinished.replace(folder / name)


def _cell(text: str) -> str:
    return str(prose(" ".join(text.split()))).replace("|", "\\|").replace("\\\\|", "\\|")


def _line(text: str) -> str:
    from porter.report.safe import visible

    return visible(" ".join(text.split()))
