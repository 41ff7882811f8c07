"""A scene: one Python file with everything that a rule may ask about it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from porter.model import Target
from porter.packs.pack import Pack
from porter.python.module import Module
from porter.python.names import Names
from porter.python.positions import Positions
from porter.python.signatures import Library, Signatures
from porter.python.support import cuda_only_package, cuda_spans
from porter.python.tied import Tied, tied
from porter.python.uses import Uses
from porter.requirements.calls import declared
from porter.requirements.requirement import Role
from porter.vocabulary import vocabulary

if TYPE_CHECKING:
    from porter.context import Context
    from porter.targets.surface import Surface


@dataclass(frozen=True)
class Scene:
    """The module, the meaning of its names and places, and the context that it is read in."""

    module: Module
    context: Context

    @property
    def pack(self) -> Pack:
        return self.context.pack

    @property
    def target(self) -> Target:
        return self.context.target

    @property
    def surface(self) -> Surface:
        return self.context.surface

    @property
    def library(self) -> Library:
        return self.context.library

    @property
    def own_methods(self) -> dict[str, frozenset[str]]:
        """Attributes that rules look for on any receiver, with the classes of the repo that define them."""
        return self.context.own_methods

    @cached_property
    def names(self) -> Names:
        return Names(self.module, self.pack.assumed, self.pack.segments)

    @cached_property
    def device(self) -> str:
        """What the target's device is called."""
        return self.pack.variables.get("device", self.target.name)

    @cached_property
    def cuda_spans(self) -> list[tuple[int, int, str]]:
        """The bytes that upstream wrote for CUDA alone, each with the device that it has code of its own for."""
        style = self.context.style
        devices = (self.device,) if style is None else style.others
        return [(start, end, each) for each in devices for start, end in cuda_spans(self.module, each)]

    @cached_property
    def other_file(self) -> str:
        """Whose file this is alone, since the target has one of its own beside it: cuda_x.py beside npu_x.py."""
        path = PurePosixPath(self.module.path)
        parts = path.stem.split("_")
        for index, part in enumerate(parts):
            if part in vocabulary().devices and part != self.device:
                twin = "_".join([*parts[:index], self.device, *parts[index + 1 :]])
                if self.library.find(twin, 1, self.module.path) is not None:
                    return f"The file is for {part} alone: beside it stands upstream's own {twin}.py."
        return ""

    @cached_property
    def caution(self) -> str:
        """Why a test for the device in this file may guard what only CUDA can run; empty when nothing says so."""
        package = cuda_only_package(self)
        return f"This file uses {package}, so the test may guard code that only CUDA can run." if package else ""

    @cached_property
    def packages(self) -> frozenset[str]:
        """The top-level packages that the file imports."""
        return frozenset(
            name.partition(".")[0]
            for statement in self.module.all_imports
            for name in (
                [alias.name for alias in statement.names]
                if isinstance(statement, ast.Import)
                else []
                if statement.level
                else [statement.module or ""]
            )
        )

    @cached_property
    def declared(self) -> dict[ast.Constant, Role]:
        """The strings that are requirements, as those of install_requires in setup.py."""
        if b"_require" not in self.module.source.data:
            return {}
        read = set(self.module.strings)
        return {node: role for node, role in declared(self.module.tree) if node in read}

    @cached_property
    def uses(self) -> Uses:
        return Uses(self.module.tree)

    @cached_property
    def tied(self) -> list[Tied]:
        """The imports of packages that the target lacks or replaces."""
        return tied(self)

    def is_own(self, package: str) -> bool:
        """Whether a top-level package is the repo's own, whatever else bears its name."""
        return self.library.has_package(package, self.module.path)

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.module, self.names, Signatures(self.module, self.library))
