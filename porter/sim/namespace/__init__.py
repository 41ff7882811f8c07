"""The module `torch.npu`, `torch.mlu` …: what a vendor's device module offers, built from the files of this folder.

Each file gives its members under the names that torch.cuda uses; the vendor's surface says which of them exist there.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Any

from .base import Base


def members(base: Base) -> dict[str, Any]:
    """Everything that is simulated, by its name in torch.cuda."""
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name != "base":
            found.update(importlib.import_module(f"{__name__}.{info.name}").members(base))
    return found


def build(base: Base) -> ModuleType:
    """The device module, with the vendor's names and no others."""
    module = ModuleType(f"torch.{base.name}", f"The simulated {base.name} of porter.sim.")
    module.__path__ = []
    for member, value in members(base).items():
        if isinstance(value, ModuleType):
            _drop_missing(value, member, base)
            sys.modules[f"{module.__name__}.{member}"] = value
        _place(module, base.facts.vendor_name(member), value)
    for member in sorted(base.facts.surface):
        if "." not in member:
            dotted = base.facts.vendor_name(member)
            _place(module, dotted, _not_simulated(dotted))
    module.__getattr__ = _refuse(module.__name__, base)  # type: ignore[method-assign]
    return module


def _place(module: ModuleType, dotted: str | None, value: Any) -> None:
    """Sets a member under its vendor's name, unless the vendor has none, has it elsewhere, or it is there already."""
    outer, _, name = (dotted or "").rpartition(".")
    if outer == module.__name__ and name not in vars(module):
        setattr(module, name, value)


def _drop_missing(submodule: ModuleType, member: str, base: Base) -> None:
    for name in [n for n in vars(submodule) if not n.startswith("_")]:
        if base.facts.vendor_name(f"{member}.{name}") is None:
            delattr(submodule, name)


def _refuse(module_name: str, base: Base) -> Any:
    """The answer to a name that the vendor's release lacks, or that nobody knows of."""

    def refuse(name: str) -> Any:
        lacking = base.facts.vendor_name(name) is None
        why = f"does not exist in {base.facts.module}" if lacking else "is not simulated"
        raise AttributeError(f"{module_name}.{name} {why}")

    return refuse


def _not_simulated(dotted: str | None) -> Any:
    """A name that the vendor has and the simulator lacks exists, and says so when it is called."""

    def placeholder(*_args: object, **_kwargs: object) -> None:
        raise NotImplementedError(f"[porter.sim] {dotted} exists on the device, but is not simulated")

    return placeholder
