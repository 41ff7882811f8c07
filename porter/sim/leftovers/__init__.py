"""Finds what is left of CUDA in a port: each use by the repository's own lines is recorded, with its line.

The loud ones fail by themselves (x.cuda(), device="cuda"). The silent ones answer False, 0 or nothing on a torch
without CUDA, so that a port quietly takes the CPU branch, seeds nothing or scales no loss. Each file here watches one
kind of them; what they answer stays as it is.
"""

from __future__ import annotations

import importlib
import pkgutil

from ..witness import Witness
from .record import Record


def watch(witness: Witness) -> None:
    """Records leftovers of CUDA from now on."""
    record = Record(witness)
    for info in pkgutil.iter_modules(__path__):
        if info.name != "record":
            importlib.import_module(f"{__name__}.{info.name}").watch(record)
