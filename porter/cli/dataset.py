"""`porter dataset`: training data for MindSpore."""

from __future__ import annotations

from pathlib import Path

import click

SECTION = "mindspore"


@click.group(short_help="Make training data for MindSpore.")
def command() -> None:
    """Training data as MindRecord."""


@command.command(short_help="Conversations as JSON to MindRecord.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--model", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The model's folder.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The MindRecord.")
@click.option("--seq-length", type=click.IntRange(2), default=512, show_default=True, help="That of the configuration.")
@click.option("--user-token", type=click.IntRange(0), help="The number before a user's turn. [the family's]")
@click.option("--assistant-token", type=click.IntRange(0), help="The number before an assistant's turn. [the family's]")
@click.option("--family", default="", metavar="NAME", help="The family, where config.json does not tell it.")
@click.option("--mindspore", default="", metavar="PYTHON", help="A Python that has MindSpore. [see --download]")
@click.option("--download", is_flag=True, help="Get MindSpore into porter's cache; the size is said first.")
@click.option("--quiet", "-q", is_flag=True, help="No summary.")
@click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")
def belle(
    source: Path,
    model: Path,
    out: Path,
    seq_length: int,
    user_token: int | None,
    assistant_token: int | None,
    family: str,
    mindspore: str,
    download: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Write the conversations of SOURCE (as belle_chat_ramdon_10k.json has them) as a MindRecord.

    Each row has one column more than --seq-length, and the labels that Baichuan2's own fine-tuning script makes.
    """
    from porter.errors import UsageError
    from porter.mindspore import environment
    from porter.mindspore.dataset.belle import Marks, conversations, row
    from porter.mindspore.dataset.mindrecord import write
    from porter.mindspore.dataset.tokenizer import encoder
    from porter.mindspore.model_dir import read_model

    del verbose
    found = read_model(model, family)
    known = found.family.dialogue
    user = user_token if user_token is not None else known.get("user")
    assistant = assistant_token if assistant_token is not None else known.get("assistant")
    if user is None or assistant is None:
        raise UsageError(f"{found.family.title} has no marks for turns; name --user-token and --assistant-token.")
    end, pad = (found.config.get(f"{key}_token_id") for key in ("eos", "pad"))
    if not isinstance(end, int) or not isinstance(pad, int):
        raise UsageError(f"{model}: config.json has no eos_token_id and pad_token_id that are numbers; add them.")
    marks = Marks(user, assistant, end, pad)
    encode = encoder(model)
    rows = [row(turns, encode, marks, seq_length + 1) for turns in conversations(source)]
    say = (lambda _: None) if quiet else (lambda said: click.echo(said, err=True))
    python = environment.find(mindspore, download, say)
    if not python:
        raise UsageError(environment.needed())
    count = write(rows, out, python)
    if not quiet:
        cut = sum(ids[-1] != marks.pad for ids, _ in rows)
        click.echo(f"{out}: {count} rows of {seq_length + 1} columns; {cut} conversations fill theirs or were cut.")
    return 0
