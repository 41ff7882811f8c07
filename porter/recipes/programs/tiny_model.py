"""`porter run tiny-model`: a small model with a few answers known by heart, to try scripts and recipes with."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("tiny-model", short_help="Make a small model that knows a few answers by heart")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to make.")
@click.option(
    "--like", required=True, metavar="WHAT", help="baichuan-7b, baichuan2, chatglm2, llama, or a model's folder."
)
@click.option("--name-as", default="", metavar="NAME", help="Make DIR/NAME, a hub's name such as THUDM/chatglm2-6b.")
@click.option("--python", default=sys.executable, metavar="PYTHON", help="The Python that has torch and transformers.")
@click.option(
    "--seconds", type=click.IntRange(5, 3600), default=300, show_default=True, help="At most, for its lessons."
)
def command(out: Path, like: str, name_as: str, python: str, seconds: int) -> int:
    """Make a checkpoint folder that loads and answers as the real model's would, made on a CPU in ten seconds or so.

    It knows the answers to a few questions by heart, so that a script that runs can be told from one that works.
    A script with a name of the hub inside runs unchanged in DIR when --name-as gives that name: transformers takes
    a folder of that name before it asks the hub. The code of a folder after --like is run, without network.
    """
    import tempfile

    from porter.tiny.make import make
    from porter.tiny.name import inside

    place = inside(out, name_as) if name_as else out
    with tempfile.TemporaryDirectory(prefix="porter-tiny-") as scratch:
        made = make(like, place, python, seconds, Path(scratch))
    click.echo(f"{made.folder}: learned {len(made.answers)} answers in {made.steps} steps")
    for question, answer in made.answers.items():
        click.echo(f"  {question}  ->  {answer}")
    if not made.loads:
        click.echo("Its class is no transformers model: the weights are in model.pt, for torch.load.")
    if made.note:
        click.echo(f"Note: {made.note}.")
    if name_as:
        click.echo(f"Run scripts in {out}: they find {name_as} there.")
    return 0
