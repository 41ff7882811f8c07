"""Where a probe runs: its device, the module that makes that device, and what asked for CUDA meanwhile.

Whoever starts the probe says so in the environment, so that a probe is the same on a simulated and on a real device.
"""

from __future__ import annotations

import os
from typing import Any


def device() -> str:
    """Where models and inputs go, as a string for .to()."""
    return os.environ["PORTER_PROBE_DEVICE"]


def named() -> str:
    """What the target's device is called in code, also where a probe runs on the CPU for comparison."""
    return os.environ.get("PORTER_PROBE_NAMED") or device()


def vendor_module() -> str:
    """The vendor's module; "" where torch alone knows the device."""
    return os.environ.get("PORTER_PROBE_MODULE", "")


def leftovers() -> list[dict[str, Any]]:
    """The places that asked for CUDA and got no error. Only a simulated device sees them."""
    if "PORTERSIM_TARGET" not in os.environ:
        return []
    from portersim import device, options

    seen = device.prepare(options.Options.from_environment()).witness.table()
    return list(seen.get("leftovers", []))
