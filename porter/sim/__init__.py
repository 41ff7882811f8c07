"""A simulated accelerator: a vendor's PyTorch device on ordinary CPU memory, strict where the hardware is.

It stands on its own: nothing in here imports the rest of porter, except the writer of the vendor shims.
"""

from __future__ import annotations

from .errors import SimulationError
from .options import Options

__all__ = ["Options", "SimulationError"]
