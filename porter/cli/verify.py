"""`porter verify`: run a port on a simulated device, beside its original."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from porter.harness.evidence import Evidence
    from porter.harness.verify import Wish

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
@click.option(
    "--target", "-t", default="", metavar="NAME", help="Which target, for a port that serves several. [the first]"
)
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check. Repeatable.")
@click.option(
    "--run",
    "lines",
    multiple=True,
    metavar="COMMAND",
    help="A command of the repository; {device} becomes npu, cuda … Repeatable.",
)
@click.option("--devices", type=click.IntRange(1, 64), default=1, show_default=True, help="Simulated devices.")
@click.option("--timeout", type=click.IntRange(1), help="Seconds for each process. [300]")
@click.option("--memory", metavar="AMOUNT", help="Memory for each process. [8G]")
@click.option(
    "--matrix", is_flag=True, help="Also with other versions of transformers, which pip gets from the network."
)
@click.option("--python", metavar="PYTHON", help="The Python with the repository's packages. [this one]")
@click.option(
    "--evidence", type=click.Path(path_type=Path), metavar="DIR", help="Where the evidence goes. [PORT/verify]"
)
@click.option(
    "--mindspore",
    default="",
    metavar="PYTHON",
    help="For a port to mindspore: the Python that has it. [made by --download]",
)
@click.option("--download", is_flag=True, help="For a port to mindspore: get MindSpore; the size is said first.")
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def command(
    port: Path,
    original: Path | None,
    device: str,
    target: str,
    only: tuple[str, ...],
    lines: tuple[str, ...],
    devices: int,
    timeout: int | None,
    memory: str | None,
    matrix: bool,
    python: str | None,
    evidence: Path | None,
    mindspore: str,
    download: bool,
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
    from porter.harness.result import Outcome, is_bad
    from porter.harness.verify import Wish, verify
    from porter.settings import read

    del verbose
    path = os.environ.get("PYTHONPATH", "")
    home = _home(port, evidence)
    told = read(port).verify
    limits = Limits(timeout or told.timeout or 300, _bytes(memory or told.memory or "8G"))
    chosen = python or told.python or sys.executable
    commands = (*told.commands, *lines)
    wish = Wish(port, original, device, only, commands, chosen, limits, told, path, devices, target, ran=bool(lines))
    say: Callable[[str], None] = (lambda _: None) if quiet else (lambda said: click.echo(said, err=True))
    say("Running the repository's code in processes of its own.")
    module = _framework(port)
    found = _verify_framework(module, wish, mindspore, download, say) if module else verify(wish, say)
    if matrix and not module:
        found = with_matrix(found, wish, say)
    if home is not None:
        form_of.write(found, home)
    if home is not None and evidence is None:
        form_of.write_into_report(found, port)
    click.echo(form_of.FORMS[form](found).rstrip("\n").encode("utf-8", "backslashreplace").decode())
    if home is None and not quiet:
        click.echo("No evidence was written, as this port in place has no verify/; name one with --evidence.", err=True)
    unproven = bool(module) and any(result.outcome is Outcome.NOT_APPLICABLE for result in found.results)
    return NEEDS_A_PERSON if unproven or is_bad(found.results) else 0


def _framework(port: Path) -> str:
    """The module of porter that verifies this port, where it is one to another framework."""
    from porter.lock import LOCK_NAME, read
    from porter.targets.catalog import frameworks

    return frameworks().get(read(port / LOCK_NAME).target.name, "") if (port / LOCK_NAME).is_file() else ""


def _verify_framework(module: str, wish: Wish, python: str, download: bool, say: Callable[[str], None]) -> Evidence:
    from importlib import import_module

    from porter.errors import UsageError

    if wish.commands or wish.devices != 1 or wish.device == "real":
        raise UsageError("--run, --devices and --device real are not for a port to another framework; leave them out.")
    room = import_module(f"{module}.verify.run")
    told = room.Wish(wish.port, wish.original, wish.only, wish.python, python, download, wish.limits, wish.pythonpath)
    evidence: Evidence = room.verify(told, say)
    return evidence


def _home(port: Path, told: Path | None) -> Path | None:
    """Where the evidence goes: into the port, unless that is a person's own work tree without a harness in it."""
    from porter.errors import UsageError
    from porter.lock import LOCK_NAME, read
    from porter.own import EVIDENCE, FOLDER

    if told is not None:
        return told
    if not (port / LOCK_NAME).is_file():
        raise UsageError(f"{port} is no port: it has no {LOCK_NAME}; name a folder that `porter migrate` wrote.")
    lock = read(port / LOCK_NAME)
    own = sorted(EVIDENCE & lock.tree.keys())
    if own:
        raise UsageError(f"the repository has a {own[0]} of its own; name a folder with --evidence.")
    written = any(path.startswith(f"{FOLDER}/") for path in lock.own)
    return port / FOLDER if lock.tree or written else None


def _bytes(text: str) -> int:
    from porter.errors import UsageError

    number, unit = text[:-1], text[-1:].upper()
    if unit not in _UNITS or not number.isdigit() or not int(number):
        raise UsageError(f"--memory {text!r} is no amount of memory; write it as 8G or 500M.")
    return int(number) * _UNITS[unit]
