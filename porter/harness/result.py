"""The words of the harness as plain data: an outcome, and a result with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Outcome(str, Enum):
    """How a check ended. Only `pass` is green; what could not be run never is."""

    PASS = "pass"
    FAIL = "fail"
    HANG = "hang"
    REFERENCE = "reference-not-runnable"
    NEEDS_DEVICE = "needs-device"
    NOT_APPLICABLE = "not-applicable"


RED = (Outcome.FAIL, Outcome.HANG)


@dataclass(frozen=True, slots=True)
class Result:
    """What one check said of one subject. `detail` is a sentence, `notes` are more of them, `seen` is data."""

    check: str
    subject: str
    outcome: Outcome
    detail: str
    notes: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)


def is_bad(results: Iterable[Result]) -> bool:
    """Whether a person is needed: something failed or hung, or nothing at all was shown."""
    outcomes = [result.outcome for result in results]
    return any(outcome in RED for outcome in outcomes) or Outcome.PASS not in outcomes
