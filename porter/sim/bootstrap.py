"""Runs at the start of every Python process of a simulated command: puts the device in place when torch is imported."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from .errors import ending_in_a_sentence


def begin() -> None:
    """Waits for `import torch`; a process that never imports it is left alone."""
    if os.environ.get("PORTERSIM_TARGET") and "torch" not in sys.modules:
        sys.meta_path.insert(0, _TorchWatcher())
        _watch_lines()
        if not _simulates_cuda():
            from .leftovers import environment

            environment.begin()


def _watch_lines() -> None:
    from pathlib import Path

    from . import lines
    from .options import Options

    with ending_in_a_sentence():
        options = Options.from_environment()
    if options.lines:
        lines.begin(Path(options.lines), Path(options.root))


def _simulates_cuda() -> bool:
    from . import facts
    from .options import Options

    with ending_in_a_sentence():
        return facts.load(Options.from_environment().target).device == "cuda"


class _TorchWatcher:
    """A finder that finds torch as usual, and runs the simulator's part before and after its import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            self._surround(spec.loader)
        return spec

    def _surround(self, loader: Any) -> None:
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            # Only now: a library may look for torch before it imports it.
            sys.meta_path.remove(self)
            with ending_in_a_sentence():
                before_torch()
            run(module)
            with ending_in_a_sentence():
                after_torch()

        loader.exec_module = exec_module


def before_torch() -> None:
    """Simulated CUDA must be known to torch before torch asks for CUDA."""
    if _simulates_cuda():
        from . import cuda

        cuda.preload()


def after_torch() -> None:
    """Simulated CUDA is installed; a vendor's device comes with its own module, and leftovers of CUDA are watched."""
    from . import device, leftovers, trace
    from .options import Options

    options = Options.from_environment()
    prepared = device.prepare(options)
    if prepared.facts.device == "cuda":
        device.install(options)
    else:
        leftovers.watch(prepared.witness)
    if options.trace:
        trace.begin(prepared)
