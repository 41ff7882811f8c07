"""`porter check`: for CI; say what is new and write nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from porter.cli.shared import RULES, TARGET

if TYPE_CHECKING:
    from porter.drift.entry import Drift

SECTION = "keep"


@click.command(short_help="For CI: is there something new? Writes nothing.")
@click.argument("path", default=".", metavar="[PORT|PATH]")
@click.option(
    "--upstream",
    "to",
    default="",
    metavar="REV|DIR",
    help="Compare a port with this upstream: a revision, a fetched branch, a folder.",
)
@click.option(
    "--repository", default="", metavar="PATH|URL", help="Where the upstream of a port is. [default: as in porter bump]"
)
@click.option(
    "--baseline",
    "allowed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The places that are allowed. [default: porter-baseline.json in PATH]",
)
@click.option("--since", default="", metavar="REV", help="Only what differs from where the branch left REV.")
@TARGET
@RULES
@click.option("--no-cache", is_flag=True, help="Remember nothing, and use nothing that was remembered.")
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="text, markdown, json, sarif, github or junit.",
)
@click.option("--quiet", "-q", is_flag=True, help="Only the exit code.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def command(
    path: str,
    to: str,
    repository: str,
    allowed: Path | None,
    since: str,
    target: str | None,
    rules: tuple[Path, ...],
    no_cache: bool,
    form: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Say what is new; exit with 0 when nothing is, with 1 when a person is needed.

    A port (it has a porter.lock) is checked against its lock: rules, target, evidence, CUDA that came in since; with
    --upstream also what that upstream would bring. Any other repository is checked against its baseline, which
    `porter baseline` writes: a new place that touches CUDA fails with its file and line. With --since only the files
    that a branch changed are looked at.
    """
    from porter.cache.store import home
    from porter.cli import NEEDS_A_PERSON
    from porter.cli.shared import say
    from porter.report.drift import render

    del verbose
    cache = None if no_cache else home()
    if not (since or allowed) and (to or _is_port(path)):
        drift = _port(path, to, repository, rules, cache)
    else:
        drift = _ratchet(path, allowed, since, target, rules, cache)
    shown = render(drift, form)
    if not quiet:
        say(shown)
    return NEEDS_A_PERSON if drift.needs_a_person else 0


def _is_port(path: str) -> bool:
    from porter.lock import LOCK_NAME

    return (Path(path) / LOCK_NAME).is_file() or not Path(path).exists()


def _port(path: str, to: str, repository: str, rules: tuple[Path, ...], cache: Path | None) -> Drift:
    from porter.bump.port import open_port
    from porter.bump.upstream import Wish
    from porter.drift.check import against_lock

    with open_port(path) as port:
        return against_lock(port, Wish(to, repository), rules, cache)


def _ratchet(
    path: str, allowed: Path | None, since: str, target: str | None, rules: tuple[Path, ...], cache: Path | None
) -> Drift:
    from porter.checkout.source import open_checkout
    from porter.cli.shared import chosen
    from porter.errors import UsageError
    from porter.ratchet import check
    from porter.ratchet.baseline import NAME, read

    with open_checkout(path) as checkout:
        place = allowed or checkout.root / NAME
        baseline = read(place) if allowed or place.is_file() else None
        if baseline is None and not since:
            raise UsageError(
                f"{path} is no port and has no {NAME}; write one with porter baseline, or name --since REV."
            )
        choice = chosen(checkout, target or (baseline.target if baseline else None), (), (), rules)
        if since:
            return check.since(checkout, choice, since, baseline, cache)
        assert baseline is not None
        return check.against(checkout, choice, baseline, cache)
