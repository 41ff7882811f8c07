"""`porter weights`: carry weights between Hugging Face and MindSpore, look into them, and compare them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from porter.mindspore.model_dir import Model

SECTION = "mindspore"

_FAMILY = click.option("--family", default="", metavar="NAME", help="The family, where config.json does not tell it.")
_MODEL = click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder with config.json. [default: where the weights are]",
)
_QUIET = click.option("--quiet", "-q", is_flag=True, help="No progress, no summary.")
_VERBOSE = click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself.")


@click.group(short_help="Convert, inspect and compare weights for MindSpore.")
def command() -> None:
    """Weights of Hugging Face and of MindSpore: neither torch nor MindSpore is needed."""


@command.command(short_help="Convert weights or a LoRA adapter, either way.")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--dtype", type=click.Choice(["keep", "float32", "float16", "bfloat16"]), default="keep", show_default=True
)
@click.option(
    "--shard-size", type=click.FloatRange(0.001), default=5.0, show_default=True, help="GB in one file of a folder."
)
@_MODEL
@_FAMILY
@_QUIET
@_VERBOSE
def convert(
    source: Path, out: Path, dtype: str, shard_size: float, model: Path | None, family: str, quiet: bool, verbose: bool
) -> int:
    """Convert SOURCE to OUT: Hugging Face's names become MindSpore's, and the other way round.

    SOURCE is a file (.safetensors, .bin, .ckpt) or a folder of them; OUT is a .safetensors or .ckpt file, or a folder
    for shards with an index. OUT must not exist. A run that was stopped goes on when it is started again.
    """
    from porter.mindspore.weights.convert import convert as run
    from porter.mindspore.weights.sides import plan
    from porter.mindspore.weights.source import open_weights
    from porter.mindspore.weights.target import Target

    del verbose
    weights = open_weights(source)
    to, mapped = plan(_model(source, model, family), weights)
    with _bar("Converting", quiet) as progress:
        done = run(weights, mapped, Target(out, to, dtype, int(shard_size * 1e9)), progress)
    if not quiet:
        resumed = f" ({done.resumed} of them by an earlier run)" if done.resumed else ""
        click.echo(f"{out}: {done.tensors} tensors{resumed}, {done.size / 1e9:.2f} GB, for {to}.")
        for name, why in mapped.dropped:
            click.echo(f"Left out: {name}. {why}")
        for note in mapped.notes:
            click.echo(note)
        if done.vanished:
            click.echo(f"{done.vanished} values are too small for {dtype} and became 0.")
    return 0


@command.command(short_help="List the tensors of weights.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--values", "look", is_flag=True, help="Look at every value: the largest, NaN, what float16 cannot hold.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_QUIET
@_VERBOSE
def inspect(source: Path, look: bool, form: str, quiet: bool, verbose: bool) -> int:
    """List the tensors in SOURCE with dtype, shape and size."""
    import json

    from porter.mindspore.weights.inspect import totals, values
    from porter.mindspore.weights.source import open_weights

    del verbose
    weights = open_weights(source)
    rows: list[dict[str, Any]] = []
    with _bar("Looking", quiet or not look) as progress:
        for place, tensor in enumerate(weights.tensors.values()):
            row: dict[str, Any] = {
                "name": tensor.name,
                "dtype": tensor.dtype,
                "shape": list(tensor.shape),
                "bytes": tensor.size,
            }
            if look:
                seen = values(weights, tensor)
                row |= {"largest": seen.largest, "nan": seen.nan, "infinite": seen.infinite}
                row |= {"beyond_float16": seen.beyond_float16}
                progress(place + 1, len(weights.stored), tensor.name)
            rows.append(row)
    if form == "json":
        whole = {"format": weights.form, "files": [file.name for file in weights.files], "tensors": rows}
        click.echo(json.dumps(whole, indent=1))
        return 0
    for row in rows:
        shape = " x ".join(map(str, row["shape"])) or "scalar"
        seldom = [key for key in ("largest", "nan", "infinite", "beyond_float16") if row.get(key)]
        click.echo("  ".join([row["name"], row["dtype"], shape, *(f"{key} {row[key]:g}" for key in seldom)]))
    for dtype, (count, size) in totals(weights).items():
        click.echo(f"{count} tensors of {dtype}, {size / 1e9:.3f} GB")
    return 0


@command.command(short_help="Compare two sets of weights, bit by bit.")
@click.argument("one", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@_MODEL
@_FAMILY
@_QUIET
@_VERBOSE
def compare(one: Path, other: Path, model: Path | None, family: str, quiet: bool, verbose: bool) -> int:
    """Compare ONE with OTHER. Where they have the names of different frameworks, ONE is converted on the way.

    The exit code is 0 where every tensor has the same bits.
    """
    from porter.cli import NEEDS_A_PERSON
    from porter.mindspore.weights.compare import as_they_are
    from porter.mindspore.weights.compare import compare as run
    from porter.mindspore.weights.sides import plan
    from porter.mindspore.weights.source import open_weights

    del verbose
    first, second = open_weights(one), open_weights(other)
    if len(first.stored.keys() & second.stored.keys()) * 2 < len(first.stored):  # few names are the same on both sides
        made = list(plan(_model(one, model, family), first)[1].made)
    else:
        made = as_they_are(first)
    with _bar("Comparing", quiet) as progress:
        found = run(first, made, second, progress)
    for difference in found.differences:
        click.echo(f"{difference.name}: {difference.how}")
    if not quiet:
        click.echo(f"{found.exact} tensors have the same bits, {len(found.differences)} differ.")
    return NEEDS_A_PERSON if found.differences else 0


def _model(source: Path, told: Path | None, family: str) -> Model:
    from porter.mindspore.model_dir import CONFIG, read_model

    if told is not None:
        return read_model(told, family)
    homes = (source, source.parent)
    return read_model(next((home for home in homes if (home / CONFIG).is_file()), source.parent), family)


@contextmanager
def _bar(title: str, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr, where there is a terminal to show it."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(title), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total, _: bar.update(task, completed=done, total=total)
