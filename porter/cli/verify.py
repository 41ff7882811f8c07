"""`porter verify`: run a port on a simulated device, beside its original."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

SECTION = "port"

_UNITS = {"M": 2**20, "G": 2**30}


@click.command(short_help="Run the port on a simulated device, beside the original.")
@click.argument("port", type=click.Path(path_type=Path))
@click.option(
    "--original",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The checkout that the port was made from; without it nothing can be compared.",
)
@click.option(
    "--device", type=click.Choice(["sim", "real", "auto"]), default="auto", show_default=True, help="What to run on."
)
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check. Repeatable.")
@click.option(
    "--run", "line", default="", metavar="COMMAND", help="A command of the repository; {device} becomes npu, cuda …"
)
@click.option("--devices", type=click.IntRange(1, 64), default=1, show_default=True, help="Simulated devices.")
@click.option("--timeout", type=click.IntRange(1), default=300, show_default=True, help="Seconds for each process.")
@click.option("--memory", default="8G", show_default=True, help="Memory for each process.")
@click.option(
    "--matrix", is_flag=True, help="Also with other versions of transformers, which pip gets from the network."
)
@click.option(
    "--python", default=sys.executable, metavar="PYTHON", help="The Python with the repository's packages. [this one]"
)
@click.option(
    "--evidence", type=click.Path(path_type=Path), metavar="DIR", help="Where the evidence goes. [PORT/verify]"
)
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def command(
    port: Path,
    original: Path | None,
    device: str,
    only: tuple[str, ...],
    line: str,
    devices: int,
    timeout: int,
    memory: str,
    matrix: bool,
    python: str,
    evidence: Path | None,
    form: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run a port and its original and compare them.

    This runs the code of the repository, in processes with limits on time and memory, with a home of their own and,
    where the system allows it, without a network; that is no jail, so verify only what you would run yourself.
    """
    from porter.cli import NEEDS_A_PERSON
    from porter.harness import evidence as form_of
    from porter.harness.child import Limits
    from porter.harness.matrix import with_matrix
    from porter.harness.result import is_bad
    from porter.harness.verify import Wish, verify

    del verbose
    path = os.environ.get("PYTHONPATH", "")
    limits = Limits(timeout, _bytes(memory))
    wish = Wish(port, original, device, only, line, python, limits, path, devices)
    home = _home(port, evidence)
    if not quiet:
        click.echo("Running the repository's code in processes of its own.", err=True)
    say = (lambda _: None) if quiet else lambda said: click.echo(said, err=True)
    found = verify(wish, say)
    if matrix:
        found = with_matrix(found, wish, say)
    if home is not None:
        form_of.write(found, home)
    click.echo(form_of.FORMS[form](found).rstrip("\n").encode("utf-8", "backslashreplace").decode())
    if home is None and not quiet:
        click.echo("No evidence was written, for this is a port in place; name a folder with --evidence.", err=True)
    return NEEDS_A_PERSON if is_bad(found.results) else 0


def _home(port: Path, told: Path | None) -> Path | None:
    """Where the evidence goes: into the port, unless that is a person's own work tree."""
    from porter.errors import UsageError
    from porter.harness.evidence import DATA, FOLDER, TABLE
    from porter.lock import LOCK_NAME, read

    if told is not None:
        return told
    if not (port / LOCK_NAME).is_file():
        raise UsageError(f"{port} is no port: it has no {LOCK_NAME}; name a folder that `porter migrate` wrote.")
    tree = read(port / LOCK_NAME).tree
    own = next((name for name in (DATA, TABLE) if f"{FOLDER}/{name}" in tree), "")
    if own:
        raise UsageError(f"the repository has a {FOLDER}/{own} of its own; name a folder with --evidence.")
    return port / FOLDER if tree else None


def _bytes(text: str) -> int:
    from porter.errors import UsageError

    number, unit = text[:-1], text[-1:].upper()
    if unit not in _UNITS or not number.isdigit() or not int(number):
        raise UsageError(f"--memory {text!r} is no amount of memory; write it as 8G or 500M.")
    return int(number) * _UNITS[unit]
