"""Makes a module the vendor's plug-in: what `import torch_npu` gives, over the simulated device."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

from . import outside
from .device import install
from .errors import ending_in_a_sentence
from .options import Options


def become(module_name: str, version: str) -> None:
    """Fills the module that is being imported."""
    module = sys.modules[module_name]
    with ending_in_a_sentence():
        device = install(Options.from_environment())
    name = device.facts.device
    torch_module = device.module
    setattr(module, name, torch_module)
    _publish(f"{module_name}.{name}", torch_module)
    for part, value in vars(torch_module).items():
        if isinstance(value, ModuleType):
            _publish(f"{module_name}.{name}.{part}", value)
    vars(module)["__version__"] = version
    vars(module).update(_extras(name))
    outside.place(device.facts)
    module.__getattr__ = _refuse(module_name)  # type: ignore[method-assign]


def _extras(name: str) -> dict[str, Any]:
    """The vendor's own operators and helpers: the file of its name in plugins/, if there is one."""
    plugin = f"{__package__}.plugins.{name}"
    if importlib.util.find_spec(plugin) is None:
        return {}
    return dict(importlib.import_module(plugin).members(_publish))


def _publish(dotted: str, module: ModuleType) -> None:
    """Makes `import dotted` work."""
    sys.modules[dotted] = module


def _refuse(module_name: str) -> Any:
    def refuse(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"{module_name}.{name} is not simulated by porter.sim")

    return refuse
