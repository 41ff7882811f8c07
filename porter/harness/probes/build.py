"""Makes the tiny model of an order: the same weights in every process, whatever device it goes to afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import inspect
import json
import os
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from . import tiny
from .alone import alone
from .digest import digest
from .downloads import do_without
from .faults import NotRunnable
from .place import device, named, vendor_module

__all__ = ["device", "model_of", "weights"]

SEED = 2024
_UNWANTED = re.compile(r"(?:multiple values for (?:keyword )?|unexpected keyword )argument '(\w+)'")


def model_of(order: dict[str, Any]) -> tuple[Any, list[str]]:
    """The model on the CPU, and what had to be done to get it."""
    torch.set_num_threads(1)
    notes: list[str] = []
    do_without(notes)
    module = importlib.import_module(order["module"])
    _vendor_module(order["root"], notes)
    alone(notes)
    with _nothing_left_to_chance():
        model, again = _built(module, order), _built(module, order)
    if _uninitialised(model) or weights(model) != weights(again):
        _fill(model)
        notes.append("its constructor leaves weights uninitialised, so the harness filled them")
    silent = _silent(model)
    if silent:
        _fill(model, silent)
        notes.append(f"weights that start at zero hide what comes before them, so the harness filled {len(silent)}")
    return model.float(), notes


def another(order: dict[str, Any]) -> Any:
    """The same model once more. No copy: a function kept in one would still use the parts of the first."""
    return model_of(order)[0]


def weights(model: Any) -> str:
    """One digest over all weights and buffers."""
    whole = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        whole.update(f"{name} {digest(tensor)}\n".encode())
    return whole.hexdigest()


@contextlib.contextmanager
def _nothing_left_to_chance() -> Iterator[None]:
    """Memory that nobody initialised is NaN: what lay there before would differ from one process to the next."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _uninitialised(model: Any) -> bool:
    return any(bool(tensor.isnan().any()) for tensor in model.parameters() if tensor.is_floating_point())


def _silent(model: Any) -> list[str]:
    """Weights that are all zeros at first, as the last layer of a diffusion model or the second half of LoRA."""
    return [name for name, tensor in model.named_parameters() if tensor.dim() > 1 and not tensor.any()]


def _built(module: Any, order: dict[str, Any]) -> Any:
    torch.manual_seed(SEED)
    made = getattr(module, order["class"])
    if order.get("options"):
        return _by_function(made, {**tiny.saved(order["options"]), **order.get("config", {})})
    if order.get("settings"):
        return _with_settings(made, {**tiny.settings(order["settings"]), **order.get("config", {})})
    if order.get("config_of_class"):
        kind = made.config_class
    elif not order["config_class"]:
        return _with_arguments(made, tiny.arguments(made, order.get("config", {})))
    else:
        kind = getattr(importlib.import_module(order["config_module"]), order["config_class"])
    start = kind.__init__ if "__init__" in vars(kind) else kind
    told = order.get("config", {})
    if kind.__init__ is object.__init__:  # its settings stand in the class itself
        config = kind()
        vars(config).update({**tiny.saved(_of_class(kind)), **told})
    else:
        config = kind(**tiny.arguments(start, {**_saved(kind, start), **told}))
    torch.manual_seed(SEED)
    rest = [p for p in list(inspect.signature(made).parameters.values())[1:] if p.default is p.empty]
    extra = {p.name: tiny.size(p.name) for p in rest if p.kind is p.POSITIONAL_OR_KEYWORD}
    return made(config, **{name: value for name, value in extra.items() if value is not None})


def _of_class(kind: Any) -> dict[str, Any]:
    named = {name: value for base in reversed(kind.__mro__) for name, value in vars(base).items() if name[:1] != "_"}
    return {name: value for name, value in named.items() if isinstance(value, (bool, int, float, str))}


def _saved(kind: Any, start: Any) -> dict[str, Any]:
    """What the config.json beside a configuration class says, of what the class takes."""
    beside = Path(inspect.getfile(kind)).with_name("config.json")
    if not beside.is_file():
        return {}
    takes = inspect.signature(start).parameters
    every = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values())
    known = tiny.saved(json.loads(beside.read_text(encoding="utf-8")))
    return {name: value for name, value in known.items() if every or name in takes}


def _with_settings(made: Any, settings: dict[str, Any]) -> Any:
    """A model whose configuration is no class that can be found: it gets what its file reads of one."""
    try:
        return made(SimpleNamespace(**settings))
    except Exception as error:
        said = f"its configuration is no class of the repository, and one with {', '.join(settings)} does not fit"
        raise NotRunnable(f"{said} ({type(error).__name__}: {error})") from error


def _with_arguments(made: Any, arguments: dict[str, Any]) -> Any:
    """A model with plain arguments, without those that a class hands to its parent by itself."""
    if arguments.get(tiny.DEVICE) == tiny.DEVICE:
        arguments[tiny.DEVICE] = device()
    for _ in range(len(arguments)):
        try:
            return made(**arguments)
        except TypeError as error:
            unwanted = _UNWANTED.search(str(error))
            if unwanted is None or arguments.pop(unwanted[1], None) is None:
                raise
    return made(**arguments)


def _by_function(build: Any, options: dict[str, Any]) -> Any:
    """What a function of the repository builds from a program's options; of several things the first model."""
    if "device" in options:
        options["device"] = device()
    found = build(SimpleNamespace(**options))
    each = found if isinstance(found, (tuple, list)) else [found]
    model = next((one for one in each if isinstance(one, torch.nn.Module)), None)
    if model is None:
        raise NotRunnable(f"{build.__name__} gives no model")
    return model.cpu()


def _fill(model: Any, names: Collection[str] | None = None) -> None:
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if names is not None and name not in names:
                continue
            if tensor.dim() > 1:
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.02)
            else:
                tensor.fill_(0.0 if "bias" in name.rpartition(".")[2] else 1.0)


def _vendor_module(root: str, notes: list[str]) -> None:
    """What a person's own script would do for a repository that never names the device: import the vendor's module.

    Where the repository itself names the device it must do so itself, or the check shall see that it does not.
    """
    module = vendor_module()
    if not module or module in sys.modules or _names_device(root, named()):
        return
    importlib.import_module(module)
    notes.append(f"the harness imported {module}, as a script of yours would: these files do not name the device")


def _names_device(root: str, name: str) -> bool:
    inside = os.path.realpath(root) + os.sep
    for module in list(sys.modules.values()):
        path = Path(getattr(module, "__file__", None) or "")
        # torch.ops gives itself the file `_ops.py`, which is no path
        if path.suffix == ".py" and path.is_absolute() and os.path.realpath(path).startswith(inside):
            text = path.read_text(encoding="utf-8", errors="replace")
            if any(word in text for word in (f"torch.{name}", f".{name}(", f'"{name}', f"'{name}")):
                return True
    return False
