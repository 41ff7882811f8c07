"""For GitHub Actions: workflow commands that put a warning or a note beside the line in a pull request."""

from __future__ import annotations

from porter.model import VERDICTS, Finding, Plan, Problem, Verdict
from porter.report.safe import plain
from porter.report.summary import headline, in_order, summarise

_LEVELS = {Verdict.MANUAL: "warning", Verdict.REVIEW: "notice"}


def render(plan: Plan) -> str:
    # GitHub shows only the first few of a step: the verdict and what needs a person come first.
    pressing = sorted(in_order(plan.findings), key=lambda finding: VERDICTS.index(finding.verdict))
    commands = [
        command("notice", {"title": f"porter, target {plan.target.name}"}, headline(summarise(plan))),
        *(_problem(problem) for problem in sorted(plan.problems, key=lambda problem: (problem.file, problem.line))),
        *(_finding(finding) for finding in pressing if finding.verdict in _LEVELS),
    ]
    return "\n".join(commands) + "\n"


def _finding(finding: Finding) -> str:
    place = {"file": finding.file, "line": str(finding.line), "col": str(finding.column)}
    message = "\n".join(part for part in (finding.why, finding.advice) if part)
    return command(_LEVELS[finding.verdict], {**place, "title": f"{finding.rule} {finding.name}"}, message)


def _problem(problem: Problem) -> str:
    place = {"file": problem.file, "line": str(max(1, problem.line))}
    message = f"{problem.reason}\n{problem.advice}".strip()
    return command("warning", {**place, "title": "porter could not read this file"}, message)


def command(level: str, properties: dict[str, str], message: str) -> str:
    """A workflow command: nothing in its parts can end it."""
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {told}::{_data(message)}"


def _data(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
