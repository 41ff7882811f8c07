"""What MindSpore runs on, and the configurations that porter writes for it: data, read from `rules/mindspore`."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import msgspec

from porter.data import folder


class Hardware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of node."""

    title: str
    cards: int
    memory_gb: int
    flash_attention: bool
    dtypes: tuple[str, ...]
    fit: dict[str, dict[str, int]] = {}


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One configuration: `parallel` is data, model, pipeline and micro batches."""

    name: str
    hardware: str
    task: Literal["full", "lora", "predict"]
    nodes: int
    cards: int
    seq_length: int
    batch: int
    parallel: tuple[int, int, int, int]
    recompute: bool = False
    flash_attention: bool = False
    runtime_num_threads: int = 0
    environment: dict[str, str] = {}


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The configurations of models with up to so many parameters."""

    name: str
    up_to: float
    runs: tuple[Run, ...]


class Renamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name of a configuration that changed, or went away."""

    name: str
    to: str | None
    why: str


class Speed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens per second that MindFormers published."""

    family: str
    seq_length: int
    hardware: str
    train: float
    predict: float | None = None
    predict_cards: int = 1


@cache
def hardware() -> dict[str, Hardware]:
    return msgspec.convert(_data("hardware"), dict[str, Hardware])


@cache
def sizes() -> tuple[Size, ...]:
    return msgspec.convert(_data("configurations")["sizes"], tuple[Size, ...])


@cache
def renamed() -> tuple[Renamed, ...]:
    return msgspec.convert(_data("renamed"), tuple[Renamed, ...])


@cache
def speeds() -> tuple[Speed, ...]:
    return msgspec.convert(_data("speeds"), tuple[Speed, ...])


def _data(name: str) -> Any:
    import yaml

    return yaml.safe_load((folder("rules") / "mindspore" / f"{name}.yaml").read_text(encoding="utf-8"))
