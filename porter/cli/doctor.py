"""`porter doctor`: what this machine lacks to run a port."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from porter.cli.shared import TARGET

SECTION = "run"


@click.command(short_help="Say what this machine lacks to run a port.")
@click.argument("port", required=False, type=click.Path(path_type=Path))
@TARGET
@click.option("--python", default=sys.executable, metavar="PYTHON", help="The Python that will run it. [this one]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(port: Path | None, target: str | None, python: str, form: str) -> int:
    """Look at this machine: driver, toolkit, torch and plug-in, Python, packages, disk, weights.

    Nothing is changed and nothing of the repository is run. With PORT the target is the port's own.
    The exit code is 1 when something is wrong or missing.
    """
    from porter.doctor.admit import admit
    from porter.doctor.examine import examine, ill
    from porter.doctor.show import as_json, as_text

    patient = admit(port, target, python)
    symptoms = examine(patient)
    spec = f"{patient.target}@{patient.release.version}"
    click.echo(as_json(spec, symptoms) if form == "json" else as_text(f"This machine, for {spec}", symptoms))
    return int(ill(symptoms))
