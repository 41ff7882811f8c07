"""`porter targets`: which accelerators there are, in which versions."""

from __future__ import annotations

import click

SECTION = "know"


@click.command(short_help="List the accelerators and their versions.")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the targets, or the versions of one."""
    from porter.targets.catalog import frameworks, names, resolve, versions

    if name is None:
        for each in names():
            target, surface = resolve(each)
            have = surface.coverage()
            kept = have["same"] + have["renamed"]
            newest = f"newest {target.version} (torch {target.torch})"
            click.echo(f"{each:6} {target.title}, {newest}; {kept} of {have['names']} names of CUDA")
        for each in frameworks():
            click.echo(f"{each}: another framework, for a model's folder (docs/mindspore.md)")
        return 0
    for row in versions(name):
        click.echo(row)
    return 0
