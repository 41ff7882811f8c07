"""The lines of a port that may go on asking for CUDA: porter kept them, with a reason that the report has."""

from __future__ import annotations

from porter.model import FilePlan, Finding, Plan, Verdict

_VARIABLES = "ENV"  # how the ids of rules on environment variables begin


def kept_lines(plan: Plan) -> dict[str, list[str]]:
    """By file, as text: numbers move when lines are inserted."""
    found = {file.path: _lines(file) for file in plan.files if file.kind == "python"}
    return {path: lines for path, lines in found.items() if lines}


def _lines(file: FilePlan) -> list[str]:
    text = file.original.decode("utf-8", "replace").splitlines()
    others = {f.line for f in file.findings if f.verdict is not Verdict.KEPT}
    numbers = {f.line for f in file.findings if f.verdict is Verdict.KEPT} - others
    kept = {line for line in _at(text, numbers) if "cuda" in line and not line.startswith("#")}
    return sorted({*kept, *_at(text, {f.line for f in file.findings if _does_no_harm(f)})})


def _at(text: list[str], numbers: set[int]) -> set[str]:
    return {text[number - 1].strip() for number in numbers if 0 < number <= len(text)}


def _does_no_harm(finding: Finding) -> bool:
    """A variable of CUDA that means nothing to the device: porter left it to a person and said so."""
    return finding.verdict is Verdict.MANUAL and finding.rule.startswith(_VARIABLES)
