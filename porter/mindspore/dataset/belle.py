"""Conversations as Baichuan2's fine-tuning script sees them: the same tokens, and the same labels.

A turn of the user is a marker and its tokens, of which only the marker is learnt, as the end of what came before.
A turn of the assistant is a marker and its tokens, which are learnt. One more end closes the whole, then padding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.errors import UsageError

IGNORED = -100
USER, ASSISTANT = ("human", "user"), ("gpt", "assistant")

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Marks:
    """The tokens around a turn."""

    user: int
    assistant: int
    end: int
    pad: int


def row(turns: list[tuple[bool, str]], encode: Encode, marks: Marks, width: int) -> tuple[list[int], list[int]]:
    """Tokens and labels of one conversation, cut or padded to `width`."""
    ids: list[int] = []
    labels: list[int] = []
    for by_user, text in turns:
        tokens = encode(text)
        ids += [marks.user if by_user else marks.assistant, *tokens]
        labels += [marks.end, *[IGNORED] * len(tokens)] if by_user else [IGNORED, *tokens]
    ids, labels = [*ids, marks.end][:width], [*labels, marks.end][:width]
    missing = width - len(ids)
    return ids + [marks.pad] * missing, labels + [IGNORED] * missing


def conversations(path: Path) -> Iterator[list[tuple[bool, str]]]:
    """The conversations of a file: a JSON list, or one JSON object on each line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}); name a JSON file of conversations.") from error
    try:
        lines = [text] if text.lstrip().startswith("[") else [line for line in text.splitlines() if line.strip()]
        read = [json.loads(line) for line in lines]
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}.") from error
    whole = read[0] if len(read) == 1 and isinstance(read[0], list) else read
    if not whole:
        raise UsageError(f"{path} has no conversations in it.")
    for number, each in enumerate(whole, 1):
        yield _turns(path, number, each)


def _turns(path: Path, number: int, entry: Any) -> list[tuple[bool, str]]:
    said = entry.get("conversations") if isinstance(entry, dict) else None
    if not isinstance(said, list) or not said:
        raise UsageError(f"{path}: entry {number} has no list `conversations`.")
    turns = []
    for turn in said:
        who, text = (turn.get("from"), turn.get("value")) if isinstance(turn, dict) else (None, None)
        if who not in (*USER, *ASSISTANT) or not isinstance(text, str):
            raise UsageError(f"{path}: entry {number} has a turn without `from` (human or gpt) and `value`.")
        turns.append((who in USER, text))
    return turns
