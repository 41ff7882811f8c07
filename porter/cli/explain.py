"""`porter explain`: what a rule does, why, and how it looks."""

from __future__ import annotations

from pathlib import Path

import click

from porter.cli.shared import RULES, TARGET

SECTION = "know"


@click.command(short_help="Explain a rule or a finding by its id.")
@click.argument("id")
@TARGET
@RULES
def command(id: str, target: str | None, rules: tuple[Path, ...]) -> int:
    """Explain a rule by its id (DEV001), or a finding by the id in a report (DEV001-1f2e3d4c5b6a)."""
    from porter.packs.show import explain

    click.echo(explain(id, target, rules))
    return 0
