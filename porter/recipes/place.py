"""Where a recipe runs: on the device where there is one, else on the simulated one; which environment that is."""

from __future__ import annotations

import os
from pathlib import Path

from porter.errors import UsageError
from porter.recipes.order import Order

Variables = dict[str, str]


def has_device(order: Order) -> bool:
    """Whether this machine shows the target's devices."""
    machine = order.machine
    root = Path("/")
    return bool(machine.nodes) and all(any(root.glob(node.lstrip("/"))) for node in machine.nodes)


def environment(order: Order, device: str, python: str, devices: int, trace: Path) -> Variables:
    """The variables for every step. `device` is sim, real or auto; a simulated one tells in `trace` what ran on it."""
    if device == "real" and not has_device(order):
        raise UsageError(
            f"This machine shows no device of {order.target}; `porter doctor` says what is missing, "
            "--device sim simulates one, --print writes the script for the machine that has it."
        )
    simulated = device == "sim" or (device == "auto" and not has_device(order))
    variables = _simulated(order, python, devices, trace) if simulated else dict(os.environ)
    folder = str(Path(python).parent) if os.sep in python else ""
    path = os.pathsep.join(filter(None, [folder, variables.get("PATH", "")]))
    found = {**variables, **order.variables, "PATH": path}
    if order.repo is not None:  # the port, and not what is installed under the same name
        found["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(order.repo.resolve()), variables.get("PYTHONPATH", "")])
        )
    return found


def _simulated(order: Order, python: str, devices: int, trace: Path) -> Variables:
    from porter.sim.errors import SimulationError
    from porter.sim.options import Options
    from porter.sim.run import environment as simulate
    from porter.sim.trace import MAIN

    try:
        # Without a root all that is no library is under its rules: the code of a model lies beside the port.
        options = Options(order.target, devices=devices, trace=str(trace.resolve()))
        return {**simulate(order.spec, options, python=python), MAIN: "0"}  # each process writes a file of its own
    except SimulationError as error:
        raise UsageError(str(error)) from error
