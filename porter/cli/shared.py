"""What several verbs share: their common options, and the way from those to a plan."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from porter.checkout.source import Checkout
    from porter.model import Plan
    from porter.plan import Choice

F = TypeVar("F", bound=Callable[..., Any])

TARGET = click.option(
    "--target",
    "-t",
    metavar="NAME[@VERSION]",
    help="The accelerator, such as npu, mlu or npu@2.6 (`porter targets` lists them).",
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
        click.argument("checkout", metavar="PATH|URL[@REV]"),
        TARGET,
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


@contextmanager
def planned(
    spec: str,
    target: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rules: tuple[Path, ...],
    *,
    quiet: bool,
    style: str = "native",
) -> Iterator[tuple[Checkout, Plan]]:
    """Open a checkout and plan it; the repo's own [tool.porter] fills in what the command line leaves out."""
    from porter.checkout.source import open_checkout
    from porter.plan import make_plan

    with open_checkout(spec) as checkout:
        choice = chosen(checkout, target, only, skip, rules, style)
        with _progress(quiet) as progress:
            plan = make_plan(checkout, choice, progress)
        yield checkout, plan


def chosen(
    checkout: Checkout,
    target: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rules: tuple[Path, ...],
    style: str = "native",
) -> Choice:
    """What the command line says, and where it says nothing, the repo's own [tool.porter]."""
    from porter.errors import UsageError
    from porter.plan import Choice
    from porter.settings import read

    settings = read(checkout.root)
    name = target or settings.target
    if not name:
        raise UsageError("Name the accelerator with --target, such as --target npu; `porter targets` lists them.")
    if "," in name:
        raise UsageError(f"--target takes one accelerator, not {name!r}; port to each in a run of its own.")
    root = checkout.root
    own = tuple(root / folder if (root / folder).is_dir() else Path(folder) for folder in settings.rules)
    patches = tuple(checkout.root / folder for folder in settings.patches)
    return Choice(name, only or settings.only, skip or settings.skip, (*own, *rules), patches, style)


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


def needs_a_person(plan: Plan) -> int:
    """The exit code of a plan: 1 when something is left to a person."""
    from porter.cli import NEEDS_A_PERSON
    from porter.model import Verdict

    open_places = plan.count(Verdict.MANUAL) + plan.count(Verdict.REVIEW) + len(plan.problems)
    return NEEDS_A_PERSON if open_places else 0


def say(text: str) -> None:
    """Print a report: a name that no encoding knows is shown with escapes."""
    click.echo(text.rstrip("\n").encode("utf-8", "backslashreplace").decode())
