"""For a reviewer: the report in GitHub Markdown, to be read from the top down and signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import porter
from porter.data import folder
from porter.model import FilePlan, Plan, Verdict
from porter.report import diff, safe, sites, summary
from porter.report.upstream import place_url, public_url

if TYPE_CHECKING:
    from jinja2 import Environment

LIMIT = 400_000  # bytes; GitHub shows no Markdown file that is longer than half a megabyte
_INDEX = 10  # files above which an index helps

# The headings of the verdicts whose sites are only listed.
_TITLES = {Verdict.MANUAL: "Left to a person", Verdict.REVIEW: "To be checked", Verdict.PORTED: "Safe edits"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown: the verdicts whose sites are shown as diffs, and the most entries of any list."""

    diffs: tuple[Verdict, ...]
    cap: int | None
    note: str = ""


# From all to little: the first that fits is taken, and a note at the top says what is left out.
_DETAILS = (
    Detail((Verdict.MANUAL, Verdict.REVIEW, Verdict.PORTED), None),
    Detail((Verdict.MANUAL, Verdict.REVIEW), None, "the diffs of safe edits are folded into one list for each rule"),
    Detail((), None, "diffs are left out, and all places are in one list for each rule"),
    *(Detail((), cap, f"diffs are left out, and no list is longer than {cap}") for cap in (200, 50, 12, 3)),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file of the checkout as the report shows it: `anchor` is where the report speaks of it."""

    anchor: str
    path: str
    kind: str
    counts: summary.Counts
    lines: tuple[sites.Line, ...]
    kept: tuple[tuple[str, list[int]], ...]
    url: str


def render(plan: Plan) -> str:
    text = ""
    for detail in _DETAILS:
        text = _render(plan, detail)
        if len(text.encode()) <= LIMIT:
            break
    return text


def _render(plan: Plan, detail: Detail) -> str:
    files = [_file(plan, number, file, detail) for number, file in enumerate(_by_path(plan.files), 1)]
    listed = [verdict for verdict in _TITLES if verdict not in detail.diffs]
    template = _environment().get_template("report.md.j2")
    return template.render(
        porter=porter.__version__,
        plan=plan,
        url=public_url(plan.origin),
        summary=summary.summarise(plan),
        by_target=summary.by_target(plan),
        detail=detail,
        manual=summary.by_rule(plan.findings, Verdict.MANUAL),
        review=summary.by_rule(plan.findings, Verdict.REVIEW),
        listed=[(verdict, summary.by_rule(plan.findings, verdict)) for verdict in listed],
        files=files,
        titles=_TITLES,
        Verdict=Verdict,
        anchors={file.path: file.anchor for file in files if file.lines},
        index=len(files) > _INDEX,
    )


def _file(plan: Plan, number: int, file: FilePlan, detail: Detail) -> File:
    lines = [line for line in sites.lines(file.findings) if line.verdict in detail.diffs]
    return File(
        anchor=f"file-{number}",
        path=file.path,
        kind=file.kind,
        counts=summary.count(file.findings),
        lines=tuple(lines),
        kept=tuple(sites.kept(file.findings)),
        url=place_url(plan.origin, file.path, lines[0].number) if lines else "",
    )


def _by_path(files: Iterable[FilePlan]) -> list[FilePlan]:
    return sorted(files, key=lambda file: file.path)


@cache
def _environment() -> Environment:
    """Made once. Whatever a template prints that is not made safe by a filter is escaped as prose."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "report"),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        code=safe.code,
        html=safe.html,
        prose=safe.prose,
        link=safe.link,
        diff=diff.block,
        number=summary.number,
        duration=summary.duration,
        headline=summary.headline,
        apart=summary.apart,
        some=_some,
        beyond=_beyond,
        thousands=lambda amount: f"{amount:,}",
        numbers=_numbers,
        spots=_spots,
    )
    return environment


def _finalize(value: Any) -> Any:
    return safe.prose(value) if isinstance(value, str) and not isinstance(value, safe.Safe) else value


def _some(items: Iterable[T], cap: int | None) -> list[T]:
    return list(items)[:cap]


def _beyond(items: Iterable[T], cap: int | None) -> int:
    """How many are not shown: never left unsaid."""
    return 0 if cap is None else max(0, len(list(items)) - cap)


def _numbers(lines: list[int], cap: int | None) -> safe.Safe:
    shown = ", ".join(str(line) for line in _some(lines, cap))
    more = _beyond(lines, cap)
    return safe.Safe(f"{'line' if len(lines) == 1 else 'lines'} {shown}{f' and {more:,} more' if more else ''}")


def _spots(group: summary.Group) -> list[tuple[str, int]]:
    """The places of a group one by one."""
    return [(file, line) for file, lines in group.places for line in lines]
