"""Whose a list of requirements is, where upstream wrote it for one accelerator: the table `rules/facts/owners.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

import msgspec

from porter.data import folder
from porter.packs.packages import normal
from porter.packs.read import convert, read_yaml

_NAME = re.compile(r"(?m)(?:^|(?<=[\s\"']))[A-Za-z][\w.-]*")


class Owner(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An accelerator by the words of paths (expressions), the distributions and the indexes that are its alone."""

    title: str
    targets: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


class _Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sources: dict[str, str]
    owners: tuple[Owner, ...]


@cache
def owners() -> tuple[Owner, ...]:
    path = folder("rules") / "facts" / "owners.yaml"
    return convert(read_yaml(path), _Table, path).owners


@lru_cache(1024)
def owner(path: str, beside: str) -> tuple[Owner, str] | None:
    """Whose a requirement is, and what says so: the text `beside` it, else its file's path. None where nothing does,
    or where things of two accelerators stand together."""
    for found in ({each.title: (each, why) for each, why in finder} for finder in (_asked(beside), _called(path))):
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
    return None


def _asked(text: str) -> Iterator[tuple[Owner, str]]:
    names = {normal(name) for name in _NAME.findall(text)}
    for each in owners():
        told = [name for name in each.distributions if name in names]
        told += [index for index in each.indexes if index in text]
        if told:
            yield each, f"{told[0].strip('/')} stands beside it"


def _called(path: str) -> Iterator[tuple[Owner, str]]:
    parts = re.split(r"[^a-z0-9]+", path.lower())
    for each in owners():
        told = next((part for part in parts for word in each.words if re.fullmatch(word, part)), "")
        if told:
            yield each, f"its file's path says {told}"
