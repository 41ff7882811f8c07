"""What is known of the message that a failed check ended with: its cause and its cure."""

from __future__ import annotations

import re

from porter.diagnosis.match import Diagnosis, diagnose, targets
from porter.harness.result import RED, Result

# What a program said, as against what porter says of it: only that is looked up.
_SAID = re.compile(r"\w(?:Error|Exception|Interrupt)\b|(?i:\berror\b|exit code \d)")
_QUOTED = re.compile(r" \(`.*?`\)")  # the line of the repository where it happened


def explained(result: Result, target: str) -> Diagnosis:
    """The known messages in what a failed check saw; of a check that did not fail, nothing."""
    texts = [_QUOTED.sub("", text) for text in (result.detail, *result.notes)] if result.outcome in RED else []
    name = target.partition("@")[0]
    said = "\n".join(text for text in texts if _SAID.search(text))
    return diagnose(said, name if name in targets() else None)
