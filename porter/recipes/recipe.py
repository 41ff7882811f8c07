"""The form of a file in rules/recipes, and the recipes that there are, found by the folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml


class Option(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a person may say about a recipe. Without a default it has to be said, but for `optional`."""

    help: str
    default: str = ""
    optional: bool = False


class Ready(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """When a step in the background is ready: an address answers. `post` asks with POST."""

    http: str
    post: bool = False
    holds: str = ""  # a text that the answer must hold
    seconds: int = 900  # loading 7B from a slow disk takes ten minutes


class Step(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A command; with `ready` it stays in the background. A list inside `run` goes when one of its values is empty."""

    name: str
    run: tuple[str | tuple[str, ...], ...]
    env: dict[str, str] = {}
    ready: Ready | None = None
    note: str = ""


class Ask(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A question to what was started, which shows that it works: `porter run … --smoke` asks it."""

    http: str
    body: str = ""  # JSON to send; none: GET
    holds: str = ""


class Recipe(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A way to run a ported model."""

    name: str
    title: str
    about: str
    options: dict[str, Option] = {}
    packages: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()  # what a person should know; `{…}` are filled in
    steps: tuple[Step, ...]
    smoke: tuple[Ask, ...] = ()
    url: str = ""  # where a browser goes
    sources: tuple[str, ...] = ()


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by name."""
    return {path.stem: _read(path) for path in sorted((folder("rules") / "recipes").glob("*.yaml"))}


def _read(path: Path) -> Recipe:
    return convert({"name": path.stem, **read_yaml(path)}, Recipe, path)
