"""The module `torch.npu`, `torch.mlu` …: what a vendor's device module offers, built from the files of this folder.

Each file gives its members under the names that torch.cuda uses; the vendor's surface says which of them exist there.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from ..calls import noted
from .base import Base


def members(base: Base) -> dict[str, Any]:
    """Everything that is simulated, by its name in torch.cuda."""
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name != "base":
            found.update(importlib.import_module(f"{__name__}.{info.name}").members(base))
    return noted(found, base.witness)


def build(base: Base) -> ModuleType:
    """The device module, with the vendor's names and no others."""
    module = _new_module(f"torch.{base.name}")
    for member, value in members(base).items():
        for name, part in _flat(member, value):
            _place(module, base.facts.vendor_name(name), part)
    for member in sorted(
        base.facts.surface, key=lambda name: (-name.count("."), name)
    ):  # so modules come to be as such
        dotted = base.facts.vendor_name(member)
        _place(module, dotted, _not_simulated(dotted))
    module.__getattr__ = _refuse(module.__name__, base)  # type: ignore[method-assign]
    return module


def _flat(member: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A member under its name in torch.cuda; a module as the names in it."""
    if not isinstance(value, ModuleType):
        yield member, value
        return
    for name, part in vars(value).items():
        if not name.startswith("__"):
            yield from _flat(f"{member}.{name}", part)


def _place(module: ModuleType, dotted: str | None, value: Any) -> None:
    """Sets a member under its vendor's name, unless the vendor has none, has it elsewhere, or it is there already."""
    if dotted is None or not dotted.startswith(f"{module.__name__}."):
        return
    *path, last = dotted.removeprefix(f"{module.__name__}.").split(".")
    outer: Any = module
    for part in path:
        if part not in vars(outer):
            full = f"{outer.__name__}.{part}"
            setattr(outer, part, _new_module(full) if part.islower() else _not_simulated(full))
        outer = vars(outer)[part]
    if not hasattr(outer, last):
        setattr(outer, last, value)


def _new_module(name: str) -> ModuleType:
    module = sys.modules[name] = ModuleType(name, f"The simulated {name} of porter.sim.")
    module.__path__ = []
    return module


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

    name = (dotted or "").rpartition(".")[2]
    # Programs that never make one name a class in annotations (`NPUGraph | None`) and ask for it with isinstance.
    return type(name, (), {"__new__": placeholder}) if name[:1].isupper() else placeholder
