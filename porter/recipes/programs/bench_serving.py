"""`porter run bench-serving`: the figures that people compare servers by, from any OpenAI-compatible server."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("bench-serving", short_help="Measure a server that speaks OpenAI's protocol")
@click.option("--url", required=True, help="The server, up to /v1, such as http://127.0.0.1:8000/v1.")
@click.option("--model", default="", help="The model's name at the server; its first one when left out.")
@click.option("--prompts", "count", type=click.IntRange(1), default=32, show_default=True, help="How many requests.")
@click.option("--input-len", type=click.IntRange(1), default=64, show_default=True, help="Words of a random prompt.")
@click.option("--output-len", type=click.IntRange(1), help="Most tokens of an answer. [64; of the file's answer]")
@click.option("--dataset", type=click.Path(path_type=Path), metavar="JSON", help="Conversations shaped as ShareGPT's.")
@click.option("--rate", type=click.FloatRange(0), default=0.0, help="Requests per second; all at once when left out.")
@click.option("--at-once", type=click.IntRange(0), default=0, help="At most so many at once; no bound when left out.")
@click.option("--api", type=click.Choice(["chat", "completions"]), default="chat", show_default=True)
@click.option("--stream/--no-stream", default=True, show_default=True)
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds for an answer.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the figures there.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.svg", help="Write a picture there.")
def command(
    url: str,
    model: str,
    count: int,
    input_len: int,
    output_len: int | None,
    dataset: Path | None,
    rate: float,
    at_once: int,
    api: str,
    stream: bool,
    timeout: float,
    seed: int,
    json_file: Path | None,
    plot: Path | None,
) -> int:
    """Measure a server: throughput, time to the first token, time per token, percentiles, errors.

    It sends random prompts, or questions from a file. The key of the server is read from OPENAI_API_KEY.
    The exit code is 1 when a request failed.
    """
    import os

    from porter.serving.client import Load
    from porter.serving.measure import measure, served_model
    from porter.serving.prompts import conversations, random_prompts
    from porter.serving.show import as_json, as_svg, as_text

    prompts = (
        conversations(dataset, count, output_len, seed)
        if dataset
        else random_prompts(count, input_len, output_len or 64, seed)
    )
    key = os.environ.get("OPENAI_API_KEY", "")
    name = model or served_model(url, key)
    load = Load(url, name, api == "chat", stream, rate, at_once, timeout, key=key, seed=seed)
    answers, found = measure(load, prompts)
    click.echo(f"{name} at {url}, {'streamed' if stream else 'whole'} answers")
    click.echo(as_text(found))
    if json_file:
        json_file.write_text(as_json(found) + "\n", encoding="utf-8")
    if plot:
        plot.write_text(as_svg(answers, f"{name}: {found.good} of {found.requests} requests"), encoding="utf-8")
    return int(found.good < found.requests)
