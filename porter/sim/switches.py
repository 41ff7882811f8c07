"""Settings that a vendor adds to torch (torch.backends.mlu.matmul.allow_tf32): to be set and read, without effect."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import torch


class Switches(ModuleType):
    """A group of settings. A name that the vendor does not have cannot be set, as on the real one."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in vars(self):
            raise AttributeError(f"{self.__name__} has no {name}")
        super().__setattr__(name, value)


def add(names: Iterable[str]) -> None:
    """Each dotted name below torch becomes a setting, off at first; what exists already is kept."""
    for dotted in names:
        *groups, name = dotted.removeprefix("torch.").split(".")
        place: Any = torch
        for group in groups:
            if group not in vars(place):
                vars(place)[group] = Switches(f"{place.__name__}.{group}")
            place = getattr(place, group)
        vars(place).setdefault(name, False)
