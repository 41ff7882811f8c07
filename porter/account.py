"""The account: every line that names an accelerator, found without any rule, held against the verdicts of the plan."""

from __future__ import annotations

from collections.abc import Iterable

from porter.checkout.text import decode
from porter.errors import UndecodableError
from porter.model import VERDICTS, FilePlan, Tally, Verdict
from porter.python.source import Source
from porter.vocabulary import vocabulary

# What a line without a verdict is called in every report.
NO_VERDICT = "This line names an accelerator and has no verdict: a fault of porter's own."
NO_VERDICT_ADVICE = "Port the line by hand if it needs to be, and report this."


class Detector:
    """Collects the named lines of each file while the files are read; knows nothing of packs and kinds."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, frozenset[int]]] = {}

    def look(self, path: str, kind: str, raw: bytes) -> None:
        """Note the lines of a file on which a word of the vocabulary stands."""
        known = vocabulary()
        data = raw
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16, in which no word is found as it is
            data = _text(path, raw)
        folded = data.lower()
        if not any(word in folded for word in known.found):
            return
        data = _text(path, raw)
        source = Source(data)
        lines = frozenset(source.line_of(found.start()) for found in known.expression.finditer(data.lower()))
        self._found[path] = (kind, lines)

    def account(self, files: Iterable[FilePlan]) -> tuple[Tally, ...]:
        """For each kind of file, how many of its named lines have which verdict, and those that have none."""
        plans = {file.path: file for file in files}
        kinds: dict[str, dict[Verdict, int]] = {}
        missing: dict[str, list[tuple[str, int]]] = {}
        for path, (kind, lines) in sorted(self._found.items()):
            verdicts = _verdicts(plans.get(path), lines)
            counts = kinds.setdefault(kind, dict.fromkeys(VERDICTS, 0))
            for verdict in verdicts.values():
                counts[verdict] += 1
            missing.setdefault(kind, []).extend((path, line) for line in sorted(lines - verdicts.keys()))
        effort: dict[str, int] = {}
        for file in plans.values():
            effort[file.kind] = effort.get(file.kind, 0) + sum(finding.effort for finding in file.findings)
        every = sorted(kinds.keys() | {kind for kind, minutes in effort.items() if minutes})
        return tuple(
            Tally(
                kind,
                tuple(kinds.get(kind, dict.fromkeys(VERDICTS, 0)).items()),
                effort.get(kind, 0),
                tuple(missing.get(kind, ())),
            )
            for kind in every
        )


def _text(path: str, raw: bytes) -> bytes:
    try:
        return decode(raw, path).data
    except UndecodableError:
        return raw


def _verdicts(plan: FilePlan | None, lines: frozenset[int]) -> dict[int, Verdict]:
    """The most pressing verdict of each of the lines that have one."""
    found: dict[int, Verdict] = {}
    for verdict in reversed(VERDICTS):
        for first, last, its in plan.accounted if plan is not None else ():
            if its is verdict:
                found.update((line, verdict) for line in range(first, last + 1) if line in lines)
    return found
