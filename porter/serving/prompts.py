"""Prompts to measure with: of one length and random, or the first turns of conversations in a file."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from porter.errors import UsageError

# Common short words: whatever the tokenizer, each is about one token.
_WORDS = ("the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on", "not", "he")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, and how long the answer may get."""

    text: str
    answer: int


def random_prompts(count: int, words: int, answer: int, seed: int) -> list[Prompt]:
    """Prompts of so many words each; equal seeds give equal prompts."""
    chance = random.Random(seed)
    return [Prompt(" ".join(chance.choices(_WORDS, k=words)), answer) for _ in range(count)]


def conversations(path: Path, count: int, answer: int | None, seed: int) -> list[Prompt]:
    """First questions of ShareGPT-shaped conversations; an answer may get as long as the one in the file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read as JSON ({error}); give conversations in the shape of ShareGPT."
        ) from error
    found = [prompt for row in rows if (prompt := _first_turn(row, answer))] if isinstance(rows, list) else []
    if not found:
        raise UsageError(f"{path} holds no conversation: a list of objects with `conversations` of `from` and `value`.")
    chance = random.Random(seed)
    return [chance.choice(found) for _ in range(count)] if len(found) < count else chance.sample(found, count)


def _first_turn(row: object, answer: int | None) -> Prompt | None:
    turns = row.get("conversations") if isinstance(row, dict) else None
    if not isinstance(turns, list) or len(turns) < 2:
        return None
    said = [turn.get("value") for turn in turns[:2] if isinstance(turn, dict)]
    if len(said) < 2 or not all(isinstance(text, str) and text.strip() for text in said):
        return None
    return Prompt(str(said[0]), answer or max(1, len(str(said[1]).split())))
