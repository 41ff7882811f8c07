"""From answers to the figures that people compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from porter.serving.client import Answer

PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True)
class Spread:
    """Times in milliseconds: mean and percentiles. Empty where nothing was measured."""

    mean: float
    percentiles: dict[int, float]


@dataclass(frozen=True)
class Figures:
    """The figures of one run."""

    requests: int
    good: int
    seconds: float
    prompt_tokens: int
    tokens: int
    counted: bool  # whether the server counted the tokens of every answer
    per_second: float
    tokens_per_second: float
    first: Spread | None  # time to the first token
    per_token: Spread | None  # the rest of an answer's time, by each of its further tokens
    between: Spread | None  # between two pieces of a stream
    whole: Spread | None  # a whole answer
    errors: tuple[tuple[str, int], ...]


def figures(answers: Sequence[Answer], seconds: float) -> Figures:
    """All figures; an answer with an error counts among the errors only."""
    good = [answer for answer in answers if not answer.error]
    tokens = sum(answer.tokens for answer in good)
    streamed = [answer for answer in good if answer.first]
    errors = Counter(answer.error for answer in answers if answer.error)
    return Figures(
        requests=len(answers),
        good=len(good),
        seconds=seconds,
        prompt_tokens=sum(answer.prompt_tokens for answer in good),
        tokens=tokens,
        counted=bool(good) and all(answer.counted for answer in good),
        per_second=len(good) / seconds if seconds else 0.0,
        tokens_per_second=tokens / seconds if seconds else 0.0,
        first=_spread([answer.first for answer in streamed]),
        per_token=_spread([(a.total - a.first) / (a.tokens - 1) for a in streamed if a.tokens > 1]),
        between=_spread([gap for answer in streamed for gap in answer.gaps]),
        whole=_spread([answer.total for answer in good]),
        errors=tuple(errors.most_common()),
    )


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    ordered = sorted(values)
    return Spread(1000 * sum(ordered) / len(ordered), {p: 1000 * percentile(ordered, p) for p in PERCENTILES})


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The percentile of sorted values, between two of them in proportion."""
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
