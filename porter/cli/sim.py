"""`porter sim`: make the simulated device ready ahead of time."""

from __future__ import annotations

import sys

import click

SECTION = "port"


@click.group(short_help="Build the simulated device ahead of time.")
def command() -> None:
    """The simulated device on which `porter verify` runs."""


@command.command()
@click.option("--target", metavar="TARGET", default="", help="Only what this target needs: npu, mlu, musa, cuda …")
@click.option("--python", default=sys.executable, metavar="PYTHON", help="The Python whose torch it is for. [this one]")
def build(target: str, python: str) -> int:
    """Compile the simulated device for an installed torch.

    Without this it is compiled when it is first needed. A line for each library says where it is and how long it took.
    """
    from porter.errors import UsageError
    from porter.sim.ahead import build_for
    from porter.sim.errors import SimulationError

    try:
        for line in build_for(python, target):
            click.echo(line)
    except SimulationError as error:
        raise UsageError(str(error)) from None
    return 0
