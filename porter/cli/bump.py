"""`porter bump`: make a port anew from a newer upstream, and carry a person's changes across."""

from __future__ import annotations

from pathlib import Path

import click

from porter.cli.shared import RULES, TARGET

SECTION = "keep"


@click.command(short_help="Make a port anew from a newer upstream, with your changes.")
@click.argument("port", metavar="PORT")
@click.option(
    "--to",
    default="",
    metavar="REV|DIR",
    help="The revision of upstream to go to, or the folder of a release. [default: its newest]",
)
@click.option(
    "--upstream",
    default="",
    metavar="PATH|URL",
    help="Where upstream is. [default: the port's own repository, a repository of its name beside the port, "
    "or the address in the lock]",
)
@click.option(
    "--from",
    "before",
    default="",
    metavar="DIR|PATH@REV",
    help="What the port was made from, where that was a plain folder.",
)
@TARGET
@RULES
@click.option("--dry-run", is_flag=True, help="Say what would come of it and write nothing.")
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="text, markdown, json, sarif, github or junit.",
)
@click.option("--quiet", "-q", is_flag=True, help="No summary.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def command(
    port: str,
    to: str,
    upstream: str,
    before: str,
    target: str | None,
    rules: tuple[Path, ...],
    dry_run: bool,
    form: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Make a port anew from another upstream.

    PORT is the folder that `porter migrate` wrote, a work tree that was ported in place, or PATH@BRANCH. What you
    changed in it since is merged into the new port, line by line as git does; where that cannot be done both sides
    stand in the file, and the report lists the place. A branch with such places is left as it is, and the bump goes
    on a branch of its own.
    """
    from porter.bump.upstream import Wish
    from porter.bump.work import bump
    from porter.cli import NEEDS_A_PERSON
    from porter.cli.shared import say
    from porter.report.drift import render

    del verbose
    done = bump(port, Wish(to, upstream, before), target or "", rules, dry=dry_run)
    if not quiet:
        say(render(done.drift, form))
    written = done.written
    if written is not None and not quiet:
        where = f"{written.path}@{written.branch} ({written.commit[:12]})" if written.branch else str(written.path)
        click.echo(f"\nPort:   {where}", err=form != "text")
        if written.backup is not None:
            click.echo(f"Your files as they were: {written.backup}", err=form != "text")
        for path in written.left_out:
            click.echo(f"Not copied, since it is no file: {path}", err=form != "text")
    return NEEDS_A_PERSON if done.drift.needs_a_person else 0
