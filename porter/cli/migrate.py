"""`porter migrate`: write the port of a checkout, with its report and lock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from porter.cli.shared import needs_a_person, planned, planning, summary

if TYPE_CHECKING:
    from porter.checkout.installed import Installed
    from porter.checkout.source import Checkout
    from porter.model import Plan
    from porter.port import Written

SECTION = "port"


@click.command(short_help="Write the port, its report and its lock.")
@planning
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the port goes. [default: <name>_<target> beside the checkout]",
)
@click.option(
    "--in-place", is_flag=True, help="Change the checkout itself (a git work tree without uncommitted changes)."
)
@click.option("--branch", metavar="NAME", help="Make a commit on a new branch, without touching the work tree.")
@click.option(
    "--patch",
    "patch_file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Write a patch for `git apply` instead (- for stdout).",
)
@click.option("--docs", is_flag=True, help="Port the code blocks of documents (Markdown, reStructuredText), too.")
@click.option("--diff", is_flag=True, help="Print what would change and write nothing.")
@click.option("--no-verify", is_flag=True, help="Write no verify/ (checks of the port; migrate runs none of them).")
@click.option(
    "--family", default="", metavar="NAME", help="The family of a model for mindspore, where it is not clear."
)
@click.option("--force", is_flag=True, help="Replace what a person changed in an earlier port (a backup is kept).")
def command(
    checkout: str | Installed,
    target: str | None,
    style: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    rules: tuple[Path, ...],
    form: str,
    quiet: bool,
    verbose: bool,
    out: Path | None,
    in_place: bool,
    branch: str | None,
    patch_file: Path | None,
    docs: bool,
    diff: bool,
    no_verify: bool,
    family: str,
    force: bool,
) -> int:
    """Port a checkout to an accelerator.

    The checkout is a folder, a git work tree, a git URL or a bare repository, with @REV for a revision. The port is a
    copy beside it with report.md, report.json, porter.lock and its checks in verify/; the checkout stays as it is.
    An installed package (--installed) becomes a folder for PYTHONPATH. Nothing of the repository is run. A patch and a
    diff hold the repository's own files alone. Several targets get a port each (--out is then the folder of the
    ports), or with --style agnostic one port that serves them all.
    """
    from porter.errors import UsageError
    from porter.harness.written import checks as checks_of
    from porter.targets.catalog import frameworks

    del verbose
    ways = [
        name
        for name, given in {
            "--out": out,
            "--in-place": in_place,
            "--branch": branch,
            "--patch": patch_file,
            "--diff": diff,
        }.items()
        if given
    ]
    if len(ways) > 1:
        raise UsageError(f"{' and '.join(ways)} exclude each other; choose one.")
    if (name := (target or "").partition("@")[0]) in frameworks():
        unfit = [*(way for way in ways if way != "--out"), *["--only"][: len(only)], *["--skip"][: len(skip)]]
        unfit += [] if style in ("", "native") else ["--style"]
        if unfit:
            raise UsageError(f"{unfit[0]} is not for --target {name}, which writes a folder of its own; leave it out.")
        if not isinstance(checkout, str):
            raise UsageError(f"--installed is not for --target {name}, which takes a checkpoint; name its folder.")
        return _to_framework(frameworks()[name], Path(checkout), family, out, force=force, quiet=quiet)
    with planned(checkout, target, only, skip, rules, quiet=quiet, style=style, docs=docs) as (opened, plans):
        if len(plans) > 1 and [way for way in ways if way != "--out"]:
            raise UsageError(f"{ways[0]} is for one port; name one target, or choose --style agnostic for all of them.")
        if diff or patch_file is not None:
            _write_patch(plans[0], None if diff else patch_file)
            return needs_a_person(plans)
        said, made = summary(plans, form), []
        for plan in plans:
            checks = {} if no_verify else checks_of(opened, plan)
            place = _of_several(out, plan) if out and len(plans) > 1 else out
            port = _write(opened, plan, checks, only, skip, out=place, in_place=in_place, branch=branch, force=force)
            made.append((port, bool(checks)))
        if not quiet:
            click.echo(said.rstrip("\n"))
            for port, checked in made:
                _tell(port, overlay=opened.overlay, err=form != "text")
                if not no_verify and not checked:
                    click.echo("No checks were written, for the checkout has a verify/ of its own.", err=True)
        return needs_a_person(plans)


def _of_several(out: Path, plan: Plan) -> Path:
    """The folder of one of several ports."""
    if out.parent.is_dir():
        out.mkdir(exist_ok=True)
    return out / plan.target.name


def _to_framework(module: str, root: Path, family: str, out: Path | None, *, force: bool, quiet: bool) -> int:
    from importlib import import_module

    from porter.cli import NEEDS_A_PERSON

    person = import_module(f"{module}.migrate").run(root, family, out, force, (lambda _: None) if quiet else click.echo)
    return NEEDS_A_PERSON if person else 0


def _write(
    checkout: Checkout,
    plan: Plan,
    checks: Mapping[str, bytes],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    *,
    out: Path | None,
    in_place: bool,
    branch: str | None,
    force: bool,
) -> Written:
    from porter.port import write_branch, write_in_place, write_sibling
    from porter.report import render

    extra = {"report.md": _bytes(render(plan, "markdown")), "report.json": _bytes(render(plan, "json")), **checks}
    extra |= {file.path: file.content for file in plan.added}
    options: dict[str, Any] = {"only": sorted(only), "skip": sorted(skip), "style": plan.style}
    if plan.docs:
        options["docs"] = True
    if plan.others:
        options["beside"] = [f"{each.name}@{each.version}" for each in plan.others]
    if in_place:
        return write_in_place(plan, checkout, extra, options, force)
    if branch:
        return write_branch(plan, checkout, branch, extra, options, force)
    home = Path.cwd() if checkout.temporary else checkout.root.resolve().parent
    name = "_".join([checkout.origin.name, *(each.name for each in plan.targets)])
    return write_sibling(plan, checkout, out or home / name, extra, options, force)


def _write_patch(plan: Plan, file: Path | None) -> None:
    from porter.errors import UsageError
    from porter.port import patch

    content = patch(plan)
    if file is None or str(file) == "-":
        click.echo(content, nl=False)
        return
    temporary = file.with_name(f".{file.name}.porter-tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(f"The patch cannot be written to {file}: {error.strerror}; name another file.") from error
    click.echo(f"Patch: {file}", err=True)


def _tell(written: Written, *, overlay: bool, err: bool) -> None:
    if written.branch:
        click.echo(f"\nBranch: {written.branch} ({written.commit[:12]})", err=err)
    else:
        click.echo(f"\nPort:   {written.path}\nReport: {written.path / 'report.md'}", err=err)
    if overlay:
        click.echo(
            f"Use it: PYTHONPATH={written.path} python ...\nUndo:   leave PYTHONPATH out, remove the folder", err=err
        )
    if written.backup is not None:
        click.echo(f"Backup of what you had changed: {written.backup}", err=err)
    for path in written.left_out:
        click.echo(f"Not copied, since it is no file: {path}", err=err)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
