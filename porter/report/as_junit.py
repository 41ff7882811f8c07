"""For the test view of any CI service (JUnit XML): a case for each file, failed where a person is needed."""

from __future__ import annotations

from porter.model import FilePlan, Plan, Verdict
from porter.report.junit import Case, suite
from porter.report.summary import in_order, number


def render(plan: Plan) -> str:
    cases = [_case(file) for file in sorted(plan.files, key=lambda file: file.path)]
    cases += [
        Case(
            "porter.unread",
            f"{problem.file} is read",
            f"{problem.reason} {problem.advice}",
            "",
            problem.file,
            problem.line,
        )
        for problem in sorted(plan.problems, key=lambda problem: (problem.file, problem.line))
    ]
    return suite(f"{plan.origin.name} for {plan.target.name}", cases)


def _case(file: FilePlan) -> Case:
    open_ones = [f for f in in_order(file.findings) if f.verdict in (Verdict.MANUAL, Verdict.REVIEW)]
    lines = [f"{f.file}:{f.line}: {f.verdict.value}: {f.rule} {f.name}: {f.why} {f.advice}".strip() for f in open_ones]
    note = "" if open_ones else f"{number(len(file.findings), 'place')}, none for a person."
    return Case("porter", file.path, "\n".join(lines), note, file.path, open_ones[0].line if open_ones else 1)
