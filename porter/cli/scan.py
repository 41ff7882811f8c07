"""`porter scan`: the audit of a checkout; writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from porter.cli.shared import needs_a_person, planned, planning, summary

if TYPE_CHECKING:
    from porter.checkout.installed import Installed

SECTION = "port"


@click.command(short_help="Audit a checkout and write nothing.")
@planning
def command(
    checkout: str | Installed,
    target: str | None,
    style: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rules: tuple[Path, ...],
    form: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Say what a port to an accelerator would come to: every place with its verdict, before anything is changed.

    The account at the top holds the lines that name an accelerator, found without any rule, against the verdicts of
    the plan. A line without a verdict is a fault of porter's own: it is named, and the exit code is 3.
    """
    from porter.cli import INTERNAL

    del verbose
    with planned(checkout, target, only, skip, rules, quiet=quiet, style=style) as (_, plans):
        click.echo(summary(plans, form).rstrip("\n").encode("utf-8", "backslashreplace").decode())
        return INTERNAL if any(tally.missing for plan in plans for tally in plan.account) else needs_a_person(plans)
