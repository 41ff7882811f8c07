"""The form of a file in templates/models: a family of models of which porter makes small ones, found by the folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml


class Reserved(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Tokens <reserved_0> and on: the id of the first, and how many."""

    first: int
    count: int


class Family(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A shape of model: its code, its sizes, its tokens, and the prompts that it is taught to answer in."""

    code: str = ""  # a folder beside the file; none: transformers has the code
    module: str
    class_: str = msgspec.field(name="class")
    config_class: str
    auto_model: str = ""  # another Auto class that its config.json names
    tokenizer: str = ""
    config: dict[str, Any]
    vocabulary_name: str = "vocab_size"
    length: int
    special: tuple[str, ...] = ()
    begin: tuple[str, ...] = ()  # tokens in front of every text
    reserved: Reserved | None = None
    generation: dict[str, Any] = {}
    chat_template: str = ""
    prompts: tuple[str, ...]

    @property
    def tokens(self) -> list[str]:
        """The special tokens from id 3 on."""
        if self.reserved is None:
            return list(self.special)
        before = [f"<unused_{number}>" for number in range(3 + len(self.special), self.reserved.first)]
        return [*self.special, *before, *(f"<reserved_{number}>" for number in range(self.reserved.count))]


def families() -> dict[str, Family]:
    """All families by name."""
    return {path.stem: _read(path) for path in sorted(_place().glob("*.yaml"))}


def code(family: Family) -> list[Path]:
    """The files of its code."""
    return sorted((_place() / family.code).glob("*.py")) if family.code else []


def _place() -> Path:
    return folder("templates") / "models"


@cache
def _read(path: Path) -> Family:
    return convert(read_yaml(path), Family, path)
