"""`porter targets`: which accelerators there are, what is known of one, and its names read from a vendor's package."""

from __future__ import annotations

from pathlib import Path

import click

SECTION = "know"


@click.group(short_help="List, show and rebuild what is known of accelerators.", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """The accelerators, their versions, and how many of the names in torch.cuda each has."""
    if context.invoked_subcommand is None:
        from porter.targets.show import listing

        click.echo(listing())
    return 0


@command.command()
@click.argument("target", metavar="NAME[@VERSION]")
@click.option("--names", is_flag=True, help="Every name of CUDA with what it is called there.")
def show(target: str, names: bool) -> int:
    """Show what is known of a target: versions, facts, sources and names."""
    from porter.targets.show import described

    click.echo(described(target, names=names))
    return 0


@command.command()
@click.argument("name")
@click.option(
    "--from",
    "package",
    required=True,
    type=click.Path(path_type=Path),
    metavar="WHEEL|DIR",
    help="The vendor's package: a wheel, or a folder that holds it (site-packages, a source tree).",
)
@click.option("--at", metavar="VERSION", help="The version of the package, where it does not say so itself.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the file there; without it the diff is shown."
)
def rebuild(name: str, package: Path, at: str | None, out: Path | None) -> int:
    """Read the names of a vendor's package, which is never imported, and show what they change in a target's file.

    Ends with 1 when there is something to review, and with 0 when file and package agree.
    """
    from porter.cli import NEEDS_A_PERSON
    from porter.targets.rebuild import rebuilt

    report, diff, text = rebuilt(name, package, at or "")
    click.echo(report, err=True)
    if out is None:
        click.echo(diff, nl=False)
    else:
        from porter.errors import UsageError

        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{out} cannot be written: {error.strerror}; name another file.") from error
        click.echo(f"Wrote {out}.", err=True)
    return NEEDS_A_PERSON if diff else 0
