"""`porter completion`: the script that makes a shell complete porter's verbs and options."""

from __future__ import annotations

import click

SECTION = "help"


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print a script for the shell's start-up file, such as: porter completion bash >> ~/.bashrc"""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    root = ctx.find_root().command
    if made is None:  # click knows these three
        raise click.UsageError(f"No completion for {shell}.")
    click.echo(made(root, {}, "porter", "_PORTER_COMPLETE").source())
    return 0
