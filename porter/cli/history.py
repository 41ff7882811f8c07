"""`porter history`: what a port would have come to at each release of its upstream."""

from __future__ import annotations

from pathlib import Path

import click

from porter.cli.shared import RULES

SECTION = "keep"


@click.command(short_help="Coverage and open places over upstream's tags.")
@click.argument("port", metavar="PORT")
@click.option("--upstream", default="", metavar="PATH", help="Where upstream is. [default: as in porter bump]")
@click.option("--tags", default="*", show_default=True, metavar="PATTERN", help="Only tags like this, such as 'v4.*'.")
@click.option("--last", type=click.IntRange(1), default=10, show_default=True, help="How many tags, the newest.")
@click.option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Write a chart, too.")
@RULES
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def command(
    port: str,
    upstream: str,
    tags: str,
    last: int,
    svg: Path | None,
    rules: tuple[Path, ...],
    form: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Plan upstream at its tags, with the rules of now, and count the places by verdict.

    Coverage is the part of the places that no person has to port.
    """
    from porter.bump.port import open_port
    from porter.bump.upstream import Wish
    from porter.cli.shared import say
    from porter.history.chart import draw
    from porter.history.look import look
    from porter.history.table import render
    from porter.port.written import explained

    del verbose
    with open_port(port) as opened:
        points = look(
            opened,
            Wish(upstream=upstream),
            tags,
            last,
            rules,
            (lambda _: None) if quiet else lambda said: click.echo(said, err=True),
        )
        title = f"{opened.lock.upstream.name} for {opened.lock.target.name}"
    say(render(points, form))
    if svg is not None:
        unfinished = svg.with_name(f".{svg.name}.porter-tmp")
        with explained(svg):
            unfinished.write_text(draw(points, title), encoding="utf-8")
            unfinished.replace(svg)
    return 0
