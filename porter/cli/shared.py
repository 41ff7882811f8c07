"""What several verbs share: their common options, and the way from those to a plan."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from porter.checkout.installed import Installed
    from porter.checkout.source import Checkout
    from porter.model import Plan
    from porter.plan import Choice

F = TypeVar("F", bound=Callable[..., Any])

TARGET = click.option(
    "--target",
    "-t",
    metavar="NAME[@VERSION]",
    help="The accelerator, such as npu, mlu or npu@2.6, or several, such as npu,mlu (`porter targets` lists them).",
)
STYLE = click.option(
    "--style",
    default="",
    metavar="STYLE",
    help="native: code for the target alone. agnostic: code for CUDA, the targets and the CPU. [default: native]",
)
RULES = click.option(
    "--rules",
    "rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|PACK",
    help="A folder with rule packs of your own, or an optional pack of porter's by its name. Repeatable.",
)
FORMAT = click.option(
    "--format",
    "form",
    default="text",
    metavar="FORMAT",
    show_default=True,
    help="text, markdown, json, sarif, github or junit.",
)


def planning(function: F) -> F:
    """The options of every verb that plans a checkout."""
    options = (
        click.argument("checkout", metavar="PATH|URL[@REV]", required=False, callback=_checkout),
        click.option(
            "--installed",
            metavar="NAME",
            is_eager=True,
            expose_value=False,
            callback=_remembered,
            help="An installed package in the place of a checkout; it is neither imported nor changed.",
        ),
        click.option(
            "--python",
            type=click.Path(path_type=Path),
            metavar="PATH",
            is_eager=True,
            expose_value=False,
            callback=_remembered,
            help="With --installed: the interpreter that has it, or a folder of packages. [default: porter's own]",
        ),
        TARGET,
        STYLE,
        click.option(
            "--only",
            multiple=True,
            metavar="ID",
            help="Only these rules (DEV001, or DEV for all of a family). Repeatable.",
        ),
        click.option("--skip", multiple=True, metavar="ID", help="All rules but these. Repeatable."),
        RULES,
        FORMAT,
        click.option("--quiet", "-q", is_flag=True, help="No progress, no summary."),
        click.option("--verbose", "-v", is_flag=True, help="Show the traceback of a fault in porter itself."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _remembered(context: click.Context, option: click.Parameter, value: str | Path | None) -> None:
    context.meta[f"porter.{option.name}"] = value


def _checkout(context: click.Context, argument: click.Parameter, value: str | None) -> str | Installed:
    """What is to be ported: a checkout, or an installed package."""
    from porter.checkout.installed import Installed

    name, python = context.meta.get("porter.installed"), context.meta.get("porter.python")
    if (value is None) == (name is None):
        if name:
            raise click.UsageError("name a checkout or --installed, not both.", context)
        raise click.MissingParameter("Name a checkout, or an installed package with --installed.", context, argument)
    if name is None and python is not None:
        raise click.UsageError("--python goes with --installed; leave it out.", context)
    return value if value is not None else Installed(str(name), python)


@contextmanager
def planned(
    spec: str | Installed,
    target: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rules: tuple[Path, ...],
    *,
    quiet: bool,
    style: str = "",
    docs: bool = False,
) -> Iterator[tuple[Checkout, list[Plan]]]:
    """Open a checkout and plan it; the repo's own [tool.porter] fills in what the command line leaves out.

    There is a plan for each port: in the style native one for each target, else one for all of them.
    """
    from dataclasses import replace

    from porter.checkout.source import open_checkout
    from porter.plan import make_plan
    from porter.styles.style import NATIVE

    with open_checkout(spec) as checkout:
        choice = replace(chosen(checkout, target, only, skip, rules, style), docs=docs)
        ports = [choice]
        if choice.style == NATIVE:
            ports = [replace(choice, target=each, beside=()) for each in choice.targets]
        with _progress(quiet) as progress:
            plans = [make_plan(checkout, each, progress) for each in ports]
        yield checkout, plans


def chosen(
    checkout: Checkout,
    target: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rules: tuple[Path, ...],
    style: str = "",
) -> Choice:
    """What the command line says, and where it says nothing, the repo's own [tool.porter]."""
    from porter.errors import UsageError
    from porter.plan import Choice
    from porter.settings import read

    settings = read(checkout.root)
    name = target or settings.target
    if not name:
        raise UsageError("Name the accelerator with --target, such as --target npu; `porter targets` lists them.")
    first, *beside = targets(name)
    root = checkout.root
    own = tuple(root / folder if (root / folder).is_dir() else Path(folder) for folder in settings.rules)
    patches = tuple(checkout.root / folder for folder in settings.patches)
    style = style or settings.style or "native"
    return Choice(first, only or settings.only, skip or settings.skip, (*own, *rules), patches, style, tuple(beside))


def targets(named: str) -> list[str]:
    """The targets of `npu,mlu@2.1`."""
    from porter.errors import UsageError

    found = [each.strip() for each in named.split(",")]
    names = [each.partition("@")[0] for each in found]
    if not all(names):
        raise UsageError(f"--target {named!r} has an empty name between its commas; write it as npu,mlu.")
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise UsageError(f"--target {named!r} names {twice} twice; name each accelerator once.")
    return found


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A progress bar on stderr, where there is a terminal to show it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Planning"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("plan", total=None)

        def advance(done: int, total: int, _: str) -> None:
            bar.update(task, completed=done + 1, total=total)

        yield advance


def summary(plans: list[Plan], form: str) -> str:
    """The report of a plan, or what there is to say about the plans of several ports."""
    from porter.report import many, render

    return render(plans[0], form) if len(plans) == 1 else many.render(plans, form)


def needs_a_person(plans: list[Plan]) -> int:
    """The exit code of plans: 1 when something is left to a person."""
    from porter.cli import NEEDS_A_PERSON
    from porter.model import Verdict

    left = any(plan.count(Verdict.MANUAL) + plan.count(Verdict.REVIEW) + len(plan.problems) for plan in plans)
    return NEEDS_A_PERSON if left else 0


def say(text: str) -> None:
    """Print a report: a name that no encoding knows is shown with escapes."""
    click.echo(text.rstrip("\n").encode("utf-8", "backslashreplace").decode())
