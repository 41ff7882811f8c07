"""Guesses what a model takes: from the names of its forward parameters a few recipes, tried on the reference."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable
from typing import Any

import torch

from .faults import NotRunnable
from .tiny import LENGTH, VOCABULARY, WIDTH

_TRIED = 16  # combinations

_MAKERS: dict[str, Callable[[Any], Any]] = {
    "ids": lambda g: torch.randint(3, VOCABULARY, (2, 8), generator=g),
    "image": lambda g: torch.randn(2, 3, 32, 32, generator=g),
    "large image": lambda g: torch.randn(2, 3, 224, 224, generator=g),
    "sequence": lambda g: torch.randn(2, 8, WIDTH, generator=g),
    "vector": lambda g: torch.randn(2, WIDTH, generator=g),
    "mel": lambda g: torch.randn(2, 80, 128, generator=g),
    "wave": lambda g: torch.randn(2, 4000, generator=g),
    "steps": lambda g: torch.randint(0, 100, (2,), generator=g),
    "classes": lambda g: torch.randint(0, 5, (2,), generator=g),
    "long ids": lambda g: torch.randint(3, VOCABULARY, (2, LENGTH), generator=g),
    "video": lambda g: torch.randn(2, 3, 4, 32, 32, generator=g),
    "lengths": lambda _: torch.full((2,), 8),
    "mask": lambda _: torch.ones(2, 8, dtype=torch.long),
    "noise": lambda g: torch.rand(2, generator=g),
    "start": lambda _: 0,
    "series": lambda g: torch.randn(2, 3, LENGTH, generator=g),
}
_ANY = ("ids", "image", "sequence", "vector", "large image", "mel", "series", "video")
_NUMBER = ("start",)  # what is no tensor
_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(input_|token_|x_)?ids|idx|tokens?", ("ids",)),
    (r"images?|imgs?|pixel_values|samples", ("image", "large image")),
    (r"mels?|input_features", ("mel",)),
    (r"input_values|waveforms?|audios?", ("wave", "mel")),
    (r"time_?steps?|times?|t", ("steps",)),
    (r"class(es|_labels?)?|y", ("classes",)),
    (r"texts?", ("ids", "long ids")),
    (r"videos?|clips?|frames", ("video",)),
    (r"(\w+_)?(lengths?|lens?)", ("lengths",)),
    (r"(\w+_)?mask", ("mask",)),
    (r"sigmas?|noise_(levels?|labels?)|log_snr", ("noise",)),
    (r"(start|input|cur(rent)?)_pos|start|offset|past_length", _NUMBER),
    (r"encoder_(hidden_states|out(put)?s?)|context|cond(ition)?|memory", ("sequence", "vector")),
)
_LABELS = ("labels", "targets", "target")


def recipes(model: Any) -> list[dict[str, str]]:
    """Which input each parameter may get, the likeliest first."""
    parameters = inspect.signature(model.forward).parameters
    wanted = [p.name for p in parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if not wanted:  # transformers: everything is optional, and something has to be given
        wanted = [name for name in parameters if _known(name)][:1]
    if not wanted:
        raise NotRunnable("its forward has no parameter for which the harness knows an input")
    ladders = [_known(name) or _ANY for name in wanted]
    choices = itertools.islice(itertools.product(*ladders), _TRIED)
    return [dict(zip(wanted, choice, strict=True)) for choice in choices]


def _known(name: str) -> tuple[str, ...]:
    return next((kinds for pattern, kinds in _NAMES if re.fullmatch(pattern, name)), ())


def made(recipe: dict[str, str], where: str) -> dict[str, Any]:
    """The inputs of a recipe, always the same numbers, on the device."""
    generator = torch.Generator().manual_seed(7)
    every = {name: _MAKERS[kind](generator) for name, kind in recipe.items()}
    return {name: value.to(where) if isinstance(value, torch.Tensor) else value for name, value in every.items()}


def tokens_alone(recipe: dict[str, str]) -> bool:
    """Whether the model wants tokens, and besides them at most a plain number."""
    return [kind for kind in recipe.values() if kind not in _NUMBER] == ["ids"]


def with_tokens(recipe: dict[str, str], ids: Any) -> dict[str, Any]:
    """The inputs of such a model, for these tokens."""
    return {name: ids if kind == "ids" else _MAKERS[kind](None) for name, kind in recipe.items()}


def label(model: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Labels for a model that takes them: the tokens themselves."""
    names = [name for name in _LABELS if name in inspect.signature(model.forward).parameters]
    tensors = [value for value in given.values() if isinstance(value, torch.Tensor)]
    ids = [value for value in tensors if value.dtype == torch.long and value.dim() == 2]
    return {names[0]: ids[0]} if names and ids and names[0] not in given else {}


def first_that_runs(model: Any, where: str) -> dict[str, str]:
    """The recipe that the model takes; only the reference is asked, so that no fault of a port can hide here."""
    said = ""
    for recipe in recipes(model):
        try:
            with torch.no_grad():
                model(**made(recipe, where))
        except Exception as error:  # a wrong guess may fail in any way
            said = said or f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"
        else:
            return recipe
    raise NotRunnable(f"its forward took none of the inputs that the harness knows ({said})")
