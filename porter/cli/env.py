"""`porter env`: the environment that a repository needs on a target, as a Dockerfile, a conda file and others."""

from __future__ import annotations

import click

from porter.cli.shared import TARGET

SECTION = "run"

_FORMS = ("dockerfile", "compose", "conda", "pip", "docker-run", "module")


@click.command(short_help="Write the environment that a repo needs on a target.")
@click.argument("repo", metavar="PATH|URL[@REV]")
@TARGET
@click.option("--format", "form", type=click.Choice(_FORMS), default="dockerfile", show_default=True)
@click.option("--python", default="", metavar="3.N", help="Another Python than porter would choose.")
@click.option("--image", default="", metavar="IMAGE", help="Another container image; the target's torch is in it.")
@click.option("--cards", type=click.IntRange(1, 64), default=1, show_default=True, help="Cards that a container gets.")
@click.option("--visible", default="", metavar="0,1", help="These cards, in place of --cards.")
@click.option(
    "--arch", type=click.Choice(["x86_64", "aarch64"]), default=None, help="The machine's processor. [either]"
)
@click.option("--mirror", default="", metavar="URL", help="A mirror of the model hub, such as https://hf-mirror.com.")
@click.option("--pip-index", default="", metavar="URL", help="A mirror of the package index.")
@click.option(
    "--torch-index",
    default=None,
    metavar="URL",
    help="Where the target's build of torch comes from. '' takes torch from the ordinary index. [PyTorch's own]",
)
def command(
    repo: str,
    target: str | None,
    form: str,
    python: str,
    image: str,
    cards: int,
    visible: str,
    arch: str | None,
    mirror: str,
    pip_index: str,
    torch_index: str | None,
) -> int:
    """Choose the release, the Python and the image that the repository's pins allow, and write them to stdout.

    Without a version after the target's name the newest release is chosen that all pins let in. A version that is
    named is taken, and the pins of torch are relaxed. Nothing is installed and nothing of the repository is run.
    The exit code is 1 when nothing fits; the sentence on stderr says what is nearest.
    """
    from porter.checkout.source import open_checkout, repo_name
    from porter.environment.choose import NoSolution
    from porter.environment.environment import Told, environment
    from porter.environment.render import CONTAINED, render
    from porter.errors import UsageError

    if not target:
        raise UsageError("Name the accelerator with --target, such as --target npu; `porter targets` lists them.")
    told = Told(
        visible=visible,
        cards=cards,
        arch=arch or "",
        mirror=mirror,
        pip_index=pip_index,
        torch_index=torch_index,
        image=image,
        python=python,
    )
    with open_checkout(repo) as checkout:
        try:
            env = environment(checkout.root, repo_name(checkout.origin.name), target, told, contained=form in CONTAINED)
            text = render(env, form)
        except NoSolution as none:
            click.echo(f"porter: {none}", err=True)
            return 1
    click.echo(text, nl=False)
    return 0
