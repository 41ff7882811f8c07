"""`porter rules`: list, show, test and start rule packs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from porter.cli.shared import RULES, TARGET

SECTION = "know"


@click.group(short_help="List, show, test and write rules.")
def command() -> None:
    """Rule packs: what porter knows, and what you add."""


@command.command("list")
@TARGET
@RULES
def list_(target: str | None, rules: tuple[Path, ...]) -> int:
    """List the rules that apply to a target (or to all)."""
    from porter.packs.show import listing

    click.echo(listing(target, rules))
    return 0


@command.command()
@click.argument("id")
@TARGET
@RULES
def show(id: str, target: str | None, rules: tuple[Path, ...]) -> int:
    """Show a rule as it is after inheritance, with its variables filled in."""
    from porter.packs.show import explain

    click.echo(explain(id, target, rules))
    return 0


@command.command()
@TARGET
@RULES
def test(target: str | None, rules: tuple[Path, ...]) -> int:
    """Run the examples of all rules, those of inherited packs included."""
    from porter.cli import NEEDS_A_PERSON
    from porter.packs.examples import try_pack
    from porter.targets.catalog import names

    failed = 0
    for name in [target] if target else names():
        trial = try_pack(name, rules)
        failed += len(trial.failures)
        click.echo(f"{name}: {trial.rules} rules, {trial.examples} examples, {len(trial.failures)} failed")
        for failure in trial.failures:
            click.echo(f"\n{failure.pack}: {failure.rule}: {failure.what}")
            click.echo(f"--- the example\n{failure.text}--- porter makes\n{failure.got}--- wanted\n{failure.wanted}")
    return NEEDS_A_PERSON if failed else 0


@command.command()
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    default="rules",
    type=click.Path(path_type=Path),
    show_default=True,
    help="The folder that the pack goes into.",
)
def new(name: str, folder: Path) -> int:
    """Write a pack with one rule to start from."""
    from porter.packs.start import start

    click.echo(f"Wrote {start(name, folder)}. Try it: porter rules test --rules {folder}")
    return 0


@command.command()
def schema() -> int:
    """Print the JSON schema of rule packs, for editors."""
    from porter.packs.schema import schema as made

    click.echo(json.dumps(made(), indent=1, ensure_ascii=False))
    return 0
