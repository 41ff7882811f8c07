"""The levels of verification: what each needs, what it proves, and what it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from porter.harness.child import Limits
from porter.harness.result import Result
from porter.mindspore.model_dir import Model


@dataclass
class Place:
    """What a level works with."""

    port: Path
    original: Path | None
    model: Model
    scratch: Path
    torch_python: str
    mindspore_python: str
    limits: Limits
    versions: Mapping[str, str]
    pythonpath: str = ""  # where else torch may lie
    torch_version: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Level:
    """One level by the name that `--only` takes; its checks with what a pass shows, and what not."""

    name: str
    needs_mindspore: bool
    checks: Mapping[str, tuple[str, str]]
    run: Callable[[Place], list[Result]]


def _static(place: Place) -> list[Result]:
    from porter.mindspore.verify.static import static

    return static(place)


def _parity(place: Place) -> list[Result]:
    from porter.mindspore.verify.parity import parity

    return parity(place)


def _mindformers(place: Place) -> list[Result]:
    from porter.mindspore.verify.with_mindformers import with_mindformers

    return with_mindformers(place)


LEVELS = (
    Level(
        "static",
        False,
        {
            "mapping": (
                "every tensor has one place on the other side, and comes back",
                "that the numbers mean the same",
            ),
            "configurations": ("cards, heads, layers and names fit", "memory and speed"),
            "scripts": ("every script is whole Python or shell", "what they do"),
        },
        _static,
    ),
    Level(
        "parity",
        True,
        {
            "weights": ("conversion fits the cells by a strict load, and keeps every bit", "the full-size files"),
            "logits": ("the formulas are those of the original", "float16, bfloat16 and the NPU's kernels"),
            "greedy": ("cache and masks work", "what a trained model says"),
            "loss": ("the loss is that of the original", "long runs"),
            "gradients": ("every weight learns the same", "mixed precision"),
            "steps": ("ten steps of training go the same way", "MindFormers' own optimizer"),
            "controls": ("the gates catch swapped weights", "every mistake that there is"),
        },
        _parity,
    ),
    Level(
        "mindformers",
        True,
        {
            "wrapper": ("the class for MindFormers computes what the original does", "parallel strategies"),
            "answers": ("run/ answers, word for word, what torch does", "what a trained model says"),
            "trainer": ("MindFormers' Trainer tunes with this port", "the NPU"),
        },
        _mindformers,
    ),
)
