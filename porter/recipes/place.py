"""Where a recipe runs: on the device where there is one, else on the simulated one; which environment that is."""

from __future__ import annotations

import os
from pathlib import Path

from porter.errors import UsageError
from porter.recipes.order import Order


def has_device(order: Order) -> bool:
    """Whether this machine shows the target's devices."""
    machine = order.machine
    root = Path("/")
    return bool(machine.nodes) and all(any(root.glob(node.lstrip("/"))) for node in machine.nodes)


def environment(order: Order, device: str, python: str, devices: int) -> dict[str, str]:
    """The variables for every step. `device` is sim, real or auto."""
    if device == "real" and not has_device(order):
        raise UsageError(
            f"This machine shows no device of {order.target}; `porter doctor` says what is missing, "
            "--device sim simulates one, --print writes the script for the machine that has it."
        )
    simulated = device == "sim" or (device == "auto" and not has_device(order))
    variables = _simulated(order, python, devices) if simulated else dict(os.environ)
    folder = str(Path(python).parent) if os.sep in python else ""
    path = os.pathsep.join(filter(None, [folder, variables.get("PATH", "")]))
    return {**variables, **order.variables, "PATH": path}


def _simulated(order: Order, python: str, devices: int) -> dict[str, str]:
    from porter.sim.errors import SimulationError
    from porter.sim.options import Options
    from porter.sim.run import environment as simulate

    try:
        options = Options(order.target, devices=devices, root=str(order.repo or ""))
        return simulate(order.spec, options, python=python)
    except SimulationError as error:
        raise UsageError(str(error)) from error
