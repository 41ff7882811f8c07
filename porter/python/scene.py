"""A scene: one Python file with everything that a rule may ask about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from porter.model import Target
from porter.packs.pack import Pack
from porter.python.module import Module
from porter.python.names import Names
from porter.python.positions import Positions
from porter.python.signatures import Library, Signatures

if TYPE_CHECKING:
    from porter.targets.surface import Surface


@dataclass(frozen=True)
class Scene:
    """The module, the meaning of its names and places, and the pack and target it is read for."""

    module: Module
    pack: Pack
    target: Target
    surface: Surface
    library: Library
    own_methods: dict[str, frozenset[str]] = field(
        default_factory=dict
    )  # method name -> classes of the repo that define it

    @cached_property
    def names(self) -> Names:
        return Names(self.module, self.pack.assumed, self.pack.segments)

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.module, self.names, Signatures(self.module, self.library))
