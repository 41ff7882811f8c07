"""`porter baseline`: write the places that a repository has and may keep, for `porter check`."""

from __future__ import annotations

from pathlib import Path

import click

from porter.cli.shared import RULES, TARGET

SECTION = "keep"


@click.command(short_help="Write down what CUDA a repository may keep.")
@click.argument("path", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@TARGET
@RULES
@click.option(
    "--file",
    "place",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where it goes. [default: porter-baseline.json in PATH]",
)
@click.option("--accept", is_flag=True, help="Allow new places, too: a person's decision.")
@click.option("--quiet", "-q", is_flag=True, help="Only the exit code.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def command(
    path: Path,
    target: str | None,
    rules: tuple[Path, ...],
    place: Path | None,
    accept: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Write the baseline of a repository.

    Where there is one already, places that are gone are taken out; new ones are listed and the baseline stays as it
    is, until a person says --accept.
    """
    from porter.checkout.source import open_checkout
    from porter.cli import NEEDS_A_PERSON
    from porter.cli.shared import chosen
    from porter.errors import UsageError
    from porter.ratchet.baseline import NAME, read
    from porter.ratchet.update import update

    del verbose
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}; name the repository.")
    with open_checkout(str(path)) as checkout:
        file = place or checkout.root / NAME
        known = read(file) if file.is_file() else None
        choice = chosen(checkout, target or (known.target if known else None), (), (), rules)
        done = update(checkout, choice, file, known, accept=accept)
    if not quiet:
        for site in done.new if known is not None else ():
            click.echo(f"new  {site.file}:{site.line}  {site.rule}  {site.text}")
        click.echo(done.said)
    return 0 if done.written else NEEDS_A_PERSON
