"""For the test view of any CI service (JUnit XML): a case for each entry, failed where a person is needed."""

from __future__ import annotations

from porter.drift.entry import Drift, Entry, Level
from porter.report.junit import Case, suite


def render(drift: Drift) -> str:
    cases = [_case(entry) for entry in drift.entries]
    if not cases:
        cases = [Case("porter", "nothing new")]
    return suite(f"{drift.subject} for {drift.target}", cases)


def _case(entry: Entry) -> Case:
    place = f"{entry.file}:{entry.line} " if entry.line else f"{entry.file} " if entry.file else ""
    told = "\n".join(part for part in (entry.text, entry.why) if part) or entry.title
    failed = entry.level is not Level.NOTE
    name = f"{place}{entry.title}"
    return Case(
        f"porter.{entry.kind.value}", name, told if failed else "", "" if failed else told, entry.file, entry.line
    )
