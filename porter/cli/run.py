"""`porter run`: start a ported model the way people run it, here or as a script for the real machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from porter.cli.shared import TARGET

SECTION = "run"

_COMMON = (
    TARGET,
    click.option("--print", "printed", is_flag=True, help="Write the script for the real machine, and start nothing."),
    click.option("--format", "form", type=click.Choice(["script", "compose"]), default="script", show_default=True),
    click.option("--device", type=click.Choice(["sim", "real", "auto"]), default="auto", show_default=True),
    click.option(
        "--repo", type=click.Path(path_type=Path), metavar="DIR", help="The folder to run in, such as a port."
    ),
    click.option("--python", default=sys.executable, metavar="PYTHON", help="The Python that has the packages."),
    click.option("--host", default="127.0.0.1", show_default=True, help="Where servers listen."),
    click.option("--visible", default="", metavar="0,1", help="The cards to use; all when left out."),
    click.option(
        "--mirror", default="", metavar="URL", help="A mirror of the model hub, such as https://hf-mirror.com."
    ),
    click.option("--devices", type=click.IntRange(1, 64), default=1, show_default=True, help="Simulated devices."),
    click.option(
        "--logs",
        type=click.Path(path_type=Path),
        default=Path("logs"),
        show_default=True,
        metavar="DIR",
        help="Where the logs go.",
    ),
    click.option("--smoke", is_flag=True, help="Ask what was started once, say what it answers, and stop."),
)


class Recipes(click.Group):
    """A command for each recipe: those of rules/recipes, and the programs that are Python."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        from porter.recipes import programs
        from porter.recipes.recipe import recipes

        return sorted([*recipes(), *programs.names()])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        del ctx
        from porter.recipes import programs
        from porter.recipes.recipe import recipes

        recipe = recipes().get(name)
        return _command(recipe) if recipe is not None else programs.command(name)


@click.group(cls=Recipes, short_help="Start a ported model the way people run it.")
def command() -> None:
    """Launch recipes: `porter run RECIPE --target npu --print` writes the script for the real machine.

    Without --print the recipe starts here: on the device where there is one, else on a simulated one. That runs the
    code of the repository and its packages as your own user, with your network. Nothing listens but on the loopback
    unless --host says so.
    """


def _command(recipe: Any) -> click.Command:
    options: list[click.Parameter] = [
        click.Option(
            [f"--{name.replace('_', '-')}", name],
            help=option.help,
            default=option.default or None,
            required=not option.default and not option.optional,
            show_default=bool(option.default),
        )
        for name, option in recipe.options.items()
    ]

    def run(extra: tuple[str, ...], **told: Any) -> int:
        return _run(recipe, extra, told)

    made = click.Command(
        recipe.name, callback=run, params=options, help=f"{recipe.title}.\n\n{recipe.about}", short_help=recipe.title
    )
    for option in reversed(_COMMON):
        option(made)
    made.params.append(click.Argument(["extra"], nargs=-1, metavar="[-- ARGUMENTS FOR THE LAST STEP]"))
    return made


def _run(recipe: Any, extra: tuple[str, ...], told: dict[str, Any]) -> int:
    from porter.recipes.ordered import ordered
    from porter.recipes.place import environment
    from porter.recipes.ran import place
    from porter.recipes.script import compose, script
    from porter.recipes.start import start

    own = {name: str(told.pop(name) or "") for name in recipe.options}
    logs = told["logs"] if told["printed"] else told["logs"].resolve()  # the steps run in another folder
    order = ordered(
        recipe, told["target"], own, told["host"], told["repo"], told["visible"], told["mirror"], extra, logs
    )
    if told["printed"]:
        click.echo(compose(order) if told["form"] == "compose" else script(order), nl=False)
        return 0
    env = environment(order, told["device"], told["python"], told["devices"], place(logs))
    return start(order, env, logs, smoke=told["smoke"], say=click.echo)
