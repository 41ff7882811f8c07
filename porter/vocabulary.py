"""The words that name an accelerator, and what the one is called that checkouts are written for."""

from __future__ import annotations

import re
from functools import cache, cached_property

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml


class Vocabulary(msgspec.Struct, forbid_unknown_fields=True, frozen=True, dict=True):
    """`device` and `backend` are those of the original, `devices` the words by which files are told apart."""

    sources: dict[str, str]
    words: tuple[str, ...]
    device: str
    backend: str
    devices: tuple[str, ...]

    @cached_property
    def found(self) -> tuple[bytes, ...]:
        """The words as they are searched for in bytes."""
        return tuple(word.lower().encode() for word in self.words)

    @cached_property
    def expression(self) -> re.Pattern[bytes]:
        """Any of the words, in text in small letters."""
        return re.compile(b"|".join(map(re.escape, self.found)))

    def names_one(self, text: bytes) -> bool:
        """Whether a text names an accelerator."""
        return self.expression.search(text.lower()) is not None

    def names_device(self, text: bytes) -> bool:
        """Whether a text names the device or the backend of the original."""
        folded = text.lower()
        return self.device.encode() in folded or self.backend.encode() in folded

    def renamed(self, dotted: str, device: str) -> str:
        """A dotted name with another device in the place of the original's."""
        return ".".join(device if part == self.device else part for part in dotted.split("."))


@cache
def vocabulary() -> Vocabulary:
    path = folder("rules") / "facts" / "vocabulary.yaml"
    return convert(read_yaml(path), Vocabulary, path)
