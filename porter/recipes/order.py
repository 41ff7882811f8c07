"""A recipe as a person ordered it: for a target, with values; every command with its blanks filled in."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from porter.doctor.machine import Machine
from porter.errors import UsageError
from porter.recipes.recipe import Ask, Ready, Recipe
from porter.targets.sheet import Release


@dataclass(frozen=True)
class Filled:
    """A step without blanks."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    ready: Ready | None
    note: str


@dataclass(frozen=True)
class Order:
    """Who runs what where. `values` are the options of the recipe and what the target adds to them."""

    recipe: Recipe
    target: str
    release: Release
    machine: Machine
    values: Mapping[str, str]
    repo: Path | None = None
    visible: str = ""
    mirror: str = ""
    extra: tuple[str, ...] = field(default=())

    @property
    def spec(self) -> str:
        """The target with its version."""
        return f"{self.target}@{self.release.version}"

    @property
    def steps(self) -> list[Filled]:
        made = [
            Filled(
                step.name,
                tuple(self._words(step.run)),
                {name: self.fill(text) for name, text in step.env.items()},
                _ready(step.ready, self) if step.ready else None,
                self.fill(step.note),
            )
            for step in self.recipe.steps
        ]
        if self.extra and made:
            last = made[-1]
            made[-1] = Filled(last.name, (*last.command, *self.extra), last.env, last.ready, last.note)
        return made

    @property
    def smoke(self) -> list[Ask]:
        return [
            Ask(http=self.fill(ask.http), body=_json(ask.body, self.values), holds=self.fill(ask.holds))
            for ask in self.recipe.smoke
        ]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of every step."""
        found: dict[str, str] = {}
        if self.visible and self.machine.visible:
            found[self.machine.visible] = self.visible
        if self.mirror:
            found["HF_ENDPOINT"] = self.mirror
        return found

    def fill(self, text: str) -> str:
        """The text with its blanks filled in."""
        return text.format_map(_Strict(self.values))

    def _words(self, run: tuple[str | tuple[str, ...], ...]) -> list[str]:
        words: list[str] = []
        for item in run:
            group = (item,) if isinstance(item, str) else item
            if isinstance(item, str) or all(self.values.get(name) for text in group for name in blanks(text)):
                words += [self.fill(text) for text in group]
        return words


class _Strict(dict[str, str]):
    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)

    def __missing__(self, key: str) -> str:
        raise UsageError(f"The recipe has a blank {{{key}}} that nothing fills.")


def blanks(text: str) -> list[str]:
    """The names in braces."""
    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


def _ready(ready: Ready, order: Order) -> Ready:
    return Ready(http=order.fill(ready.http), post=ready.post, holds=order.fill(ready.holds), seconds=ready.seconds)


def _json(body: str, values: Mapping[str, str]) -> str:
    """JSON has braces of its own: only `<name>` is filled in, as the inside of a JSON string."""
    import json

    for name, value in values.items():
        body = body.replace(f"<{name}>", json.dumps(value)[1:-1])
    return body
