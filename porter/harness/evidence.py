"""What a run of the harness showed, as JSON and as a table: the same run gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from porter.diagnosis.show import as_data, in_a_line
from porter.harness import reference
from porter.harness.explained import explained
from porter.harness.result import Result
from porter.own import DATA, REFERENCE, REPORT, TABLE, with_evidence
from porter.report.safe import code, prose

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """Results with what they were got with. `bounds` are the sentences that hold for all of them."""

    subject: Mapping[str, str]
    versions: Mapping[str, str]
    bounds: tuple[str, ...]
    checks: Mapping[str, tuple[str, str]]  # what each check proves, and what it cannot
    results: tuple[Result, ...]
    totals: Mapping[str, int] = field(default_factory=dict)  # of the traces of the port
    answers: reference.Answers = field(default_factory=dict)  # of the original, for a machine without it


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
            "explained": as_data(known) if (known := explained(result, evidence.subject["target"])).known else None,
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
        "totals": dict(evidence.totals),
        "results": rows,
    }
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_markdown(evidence: Evidence) -> str:
    """For a reviewer, in GitHub Markdown."""
    subject = evidence.subject
    title = f"# Evidence for {prose(subject['name'])} on {subject['target']} ({subject['device']})"
    return "\n".join([title, "", *_body(evidence, "##")]) + "\n"


def as_section(evidence: Evidence) -> str:
    """For the report of the port."""
    title = f"## What was run: {evidence.subject['target']} ({evidence.subject['device']})"
    return "\n".join([title, "", *_body(evidence, "###")]) + "\n"


def _body(evidence: Evidence, mark: str) -> list[str]:
    lines = [str(prose(bound)) for bound in evidence.bounds]
    lines += ["", "| check | of | result | what was seen |", "|---|---|---|---|"]
    for result, texts in _once(evidence):
        outcome = f"**{result.outcome.value}**"
        told = "<br>".join(map(_cell, texts))
        lines.append(f"| {result.check} | {code(result.subject)} | {outcome} | {told} |")
    notes = [(result, note) for result in evidence.results for note in result.notes]
    if notes:
        lines += ["", f"{mark} Besides", ""]
        lines += [f"- {result.check}, {code(result.subject)}: {_cell(note)}" for result, note in notes]
    lines += ["", f"{mark} What a pass means", "", "| check | proves | cannot prove |", "|---|---|---|"]
    lines += [f"| {name} | {_cell(proves)} | {_cell(cannot)} |" for name, (proves, cannot) in evidence.checks.items()]
    versions = ", ".join(f"{name} {version}" for name, version in evidence.versions.items())
    totals = [f"{amount:,} {name.replace('_', ' ')}" for name, amount in evidence.totals.items()]
    ran = f" In all the port ran {' and '.join(totals)}." if totals else ""
    return [*lines, "", f"With {versions}.{ran}"]


def as_text(evidence: Evidence) -> str:
    """For a terminal."""
    lines = [f"{evidence.subject['name']} on {evidence.subject['target']} ({evidence.subject['device']})", ""]
    width = max((len(result.check) for result in evidence.results), default=0)
    for result, told in _once(evidence):
        lines.append(f"  {result.check:{width}}  {result.outcome.value:22}  {result.subject}")
        lines += [f"  {'':{width}}  {_line(text)}" for text in (*told, *result.notes)]
    lines += ["", "What a pass proves, and what it cannot:"]
    for name, (proves, cannot) in evidence.checks.items():
        lines += [f"  {name:{width}}  {proves}", f"  {'':{width}}  Not: {cannot}"]
    versions = ", ".join(f"{name} {version}" for name, version in evidence.versions.items())
    return "\n".join([*lines, "", *evidence.bounds, f"With {versions}."]) + "\n"


def _once(evidence: Evidence) -> Iterator[tuple[Result, tuple[str, ...]]]:
    """What each result says; where an earlier check said the very same of the subject, only that it did."""
    said: dict[tuple[str, str, str], str] = {}
    for result in evidence.results:
        first = said.setdefault((result.subject, result.outcome.value, result.detail), result.check)
        told = (result.detail, *_known(result, evidence)) if first == result.check else (f"As {first} says.",)
        yield result, told


def _known(result: Result, evidence: Evidence) -> tuple[str, ...]:
    """Cause and cure of a failure whose message is known, in a sentence."""
    said = in_a_line(explained(result, evidence.subject["target"]))
    return (f"Explained: {said}",) if said else ()


FORMS = {"text": as_text, "json": as_json, "markdown": as_markdown}


def write(evidence: Evidence, folder: Path) -> None:
    """Puts the evidence into the folder, each file whole or not at all; earlier answers of the original stay."""
    files = {DATA: as_json(evidence), TABLE: as_markdown(evidence)}
    if evidence.answers:
        files[REFERENCE] = reference.render({**reference.read(folder), **evidence.answers}, evidence.versions)
    for name, text in files.items():
        _write(folder / name, text.encode("utf-8", "backslashreplace"))


def write_into_report(evidence: Evidence, port: Path) -> None:
    """Puts the evidence into the port's report, in the place of an earlier one; nothing where there is no report."""
    path = port / REPORT
    if path.is_file() and not path.is_symlink():
        _write(path, with_evidence(path.read_bytes(), as_section(evidence)))


def _write(path: Path, content: bytes) -> None:
    from porter.port.written import explained

    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.porter-tmp")
        unfinished.write_bytes(content)
        unfinished.replace(path)


def _cell(text: str) -> str:
    return str(prose(" ".join(text.split()))).replace("|", "\\|").replace("\\\\|", "\\|")


def _line(text: str) -> str:
    from porter.report.safe import visible

    return visible(" ".join(text.split()))
