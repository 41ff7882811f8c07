"""What every part of the device module needs: the device's name, its facts, its controls, and how it reads an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ..controls import Controls
from ..facts import Facts
from ..witness import Witness


@dataclass(frozen=True)
class Base:
    """One simulated device type."""

    name: str
    facts: Facts
    controls: Controls
    witness: Witness
    lacking: frozenset[str] = frozenset()  # dtypes that this chip lacks, beside those of the facts

    def lacks(self, dtype: str) -> bool:
        """Whether the device cannot compute in a dtype."""
        fact = self.facts.dtypes.get(dtype)
        return dtype in self.lacking or (fact is not None and fact.rule == "refused")

    def index(self, device: Any = None) -> int:
        """The index that a device argument means: None and "npu" are the current one; a negative int means none."""
        if device is None:
            return self.controls.current_device()
        if isinstance(device, int):
            return device
        wanted = torch.device(device)
        if wanted.type != self.name:
            raise ValueError(f"Expected a {self.name} device, but got: {wanted}")
        return self.controls.current_device() if wanted.index is None else int(wanted.index)

    def device(self, index: Any = None) -> Any:
        """The torch.device of an index."""
        return torch.device(self.name, self.index(index))
