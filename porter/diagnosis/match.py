"""Finds the known messages in a text or a log, the likeliest cause first."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from dataclasses import dataclass

from porter.diagnosis.codes import spelled
from porter.diagnosis.signatures import EVIDENCE, Signature, table
from porter.errors import UsageError

_LONGEST = 2_000_000  # characters; of a longer log the end is read, where it says why it stopped
_CERTAINTY = {name: rank for rank, name in enumerate(EVIDENCE)}
_FAILED = re.compile(r"(?i)error|exception|fail|fatal|abort|not (?:found|available|supported)|cannot|no module")
_WARNED = re.compile(r"(?i)warn")


@dataclass(frozen=True, slots=True)
class Match:
    """A signature and where it was met last."""

    signature: Signature
    line: int
    text: str
    length: int  # of what matched: the longer, the surer

    @property
    def failed(self) -> bool:
        """Whether its line says that something failed; a warning may stand in any log."""
        return bool(_FAILED.search(self.text)) and not _WARNED.search(self.text)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known of a text. Both may be empty: then nobody has told porter of it yet."""

    matches: tuple[Match, ...]
    codes: tuple[tuple[str, str], ...]

    @property
    def known(self) -> bool:
        return bool(self.matches or self.codes)


def diagnose(text: str, target: str | None = None) -> Diagnosis:
    """The known messages of a text, best first, and its codes. The id of a signature stands for itself."""
    named = [signature for signature in table().signatures if signature.id == text.strip().upper()]
    if named:
        return Diagnosis(tuple(Match(signature, 0, signature.match, 0) for signature in named), ())
    _known(target)
    skipped = text[:-_LONGEST].count("\n") if len(text) > _LONGEST else 0
    text = text[-_LONGEST:]
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    lines = text.splitlines() or [""]
    matches = []
    for signature in table().signatures:
        if not signature.concerns(target):
            continue
        last = None
        for last in re.finditer(signature.match, text):  # noqa: B007 - the last one is wanted
            pass
        if last is not None:
            number = bisect_right(starts, last.start())
            quoted = lines[number - 1].strip() if number <= len(lines) else last[0]
            matches.append(Match(signature, number + skipped, quoted, len(last[0])))
    matches.sort(key=_order)
    return Diagnosis(tuple(matches), tuple(spelled(text, table())))


def targets() -> frozenset[str]:
    """The names that messages are told apart by."""
    return frozenset(name for signature in table().signatures for name in signature.targets)


def _order(match: Match) -> tuple[bool, bool, int, int, int, str]:
    """Failures before warnings, causes before envelopes; then what says most, is surest, and came last."""
    signature = match.signature
    said = min(match.length, 40) // 8
    return (not match.failed, signature.general, -said, _CERTAINTY[signature.evidence], -match.line, signature.id)


def _known(target: str | None) -> None:
    names = sorted(targets())
    if target is not None and target not in names:
        near = difflib.get_close_matches(target, names, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"No message of a target {target!r} is known.{hint} There are: {', '.join(names)}.")
