"""The device without a C++ compiler: the same idea in Python, ten times slower on small models, and with less in it.

What it lacks, and says so: more than one device, autocast, generators of one's own, LSTM and GRU layers, collectives,
streams and events. What it cannot see: operators on the CPU. What differs: pinning memory copies it, and attention is
equal to six digits, not to the bit, as torch takes its mathematical path.
"""

from __future__ import annotations

from ..controls import Controls
from ..errors import SimulationError


def controls(device: str) -> Controls:
    """The controls of the device in Python, where this torch allows one."""
    import torch

    if device == "cuda":
        raise SimulationError("simulated CUDA needs a C++ compiler: install g++ or clang++.")
    if not hasattr(torch._C, "_acc"):
        raise SimulationError(f"torch {torch.__version__} allows no device without a C++ compiler: install g++.")
    from .controls import PythonControls

    return PythonControls(device)
