"""The lines of a port that may go on asking for CUDA: porter kept them, with a reason that the report has."""

from __future__ import annotations

from porter.model import FilePlan, Plan, Verdict


def kept_lines(plan: Plan) -> dict[str, list[str]]:
    """By file, as text: numbers move when lines are inserted."""
    found = {file.path: _lines(file) for file in plan.files if file.kind == "python"}
    return {path: lines for path, lines in found.items() if lines}


def _lines(file: FilePlan) -> list[str]:
    text = file.original.decode("utf-8", "replace").splitlines()
    others = {f.line for f in file.findings if f.verdict is not Verdict.KEPT}
    numbers = {f.line for f in file.findings if f.verdict is Verdict.KEPT} - others
    lines = (text[number - 1].strip() for number in numbers if 0 < number <= len(text))
    return sorted({line for line in lines if "cuda" in line and not line.startswith("#")})
