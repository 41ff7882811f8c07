"""What the original answered, kept beside a port, so that a machine without the original can compare with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porter.own import REFERENCE

_NUMBERS = 64  # of a tensor that are kept
_LEFT_OUT = {"digest", "steps", "weights", "notes", "places", "modules", "half"}

Answers = dict[str, dict[str, Any]]  # by probe, then by model


def key(order: Mapping[str, Any]) -> str:
    """A model in the file."""
    return f"{order.get('module', '')}:{order.get('class', '')}"


def kept(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what holds on one machine only, and with some numbers of many."""
    return dict(_kept(answer))


def _kept(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {inner: _kept(value[inner], inner) for inner in value if inner not in _LEFT_OUT}
    if isinstance(value, list):
        return [_kept(item) for item in (value[:_NUMBERS] if name == "numbers" else value)]
    return value


def read(folder: Path) -> Answers:
    """What was kept there; nothing where nothing was, or where it is not readable."""
    try:
        whole = json.loads((folder / REFERENCE).read_text(encoding="utf-8"))
        answers = whole["answers"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return answers if isinstance(answers, dict) and all(isinstance(part, dict) for part in answers.values()) else {}


def render(answers: Answers, versions: Mapping[str, str]) -> str:
    """The file; equal runs give equal bytes."""
    whole = {"format": 1, "made_by": "porter verify", "versions": dict(versions), "answers": answers}
    return json.dumps(whole, indent=None, sort_keys=True, separators=(",", ":")) + "\n"
