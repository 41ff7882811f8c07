"""Families of models as data: how one is known, what its tensors are called on either side."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from porter.data import folder
from porter.errors import UsageError


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must and must not stand in a model's own code, or in its configuration."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    vocab_size: int | None = None


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tensor of Hugging Face and the tensors that it becomes: `split` cuts rows in the order of the names."""

    huggingface: str
    mindspore: dict[str, tuple[str, ...]]
    operation: Literal["copy", "split"] = "copy"
    unless: str = ""


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor that a file may hold and no model needs."""

    tensor: str
    why: str


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of `rules/mindspore/families`."""

    title: str
    model_types: tuple[str, ...]
    position: Literal["rope", "alibi"]
    head: Literal["linear", "normalised"]
    tensors: tuple[Row, ...]
    code: Marks = Marks()
    config: Marks = Marks()
    qkv_bias: bool = False
    requires: dict[str, tuple[Any, ...]] = {}
    prompt: str = "{question}"
    dialogue: dict[str, int] = {}
    drop: tuple[Drop, ...] = ()
    name: str = ""


@cache
def families() -> dict[str, Family]:
    """Every family by its name, which is the name of its file."""
    paths = sorted((folder("rules") / "mindspore" / "families").glob("*.yaml"))
    return {path.stem: _read(path) for path in paths}


def named(name: str) -> Family:
    """The family that a person named."""
    if name not in families():
        raise UsageError(f"There is no family {name!r}; the families are {', '.join(families())}.")
    return families()[name]


def _read(path: Path) -> Family:
    import yaml

    try:
        found = msgspec.convert({**yaml.safe_load(path.read_text(encoding="utf-8")), "name": path.stem}, Family)
    except (msgspec.ValidationError, yaml.YAMLError, TypeError) as error:
        raise UsageError(f"{path} is no family of models: {error}.") from error
    odd = [row.huggingface for row in found.tensors if (row.operation == "copy") != (len(row.mindspore) == 1)]
    if odd:
        raise UsageError(f"{path}: {odd[0]} must be copied to one tensor, or split into several.")
    return found
