"""`porter init`: write the files with which a service runs porter."""

from __future__ import annotations

from pathlib import Path

import click

SECTION = "keep"


@click.group(short_help="Write what CI needs to run porter.")
def command() -> None:
    """Write files to start from."""


@command.command()
@click.argument("path", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@click.option(
    "--for",
    "names",
    multiple=True,
    metavar="SERVICE",
    help="github, gitlab, pre-commit, and for a repository that others use: "
    "action, hooks. Repeatable. [default: github]",
)
@click.option(
    "--target", "-t", metavar="NAME[@VERSION]", help="The accelerator. [default: that of the port or of the baseline]"
)
@click.option("--port", default=".", show_default=True, metavar="DIR", help="Where in the repository the port is.")
@click.option("--upstream", default="", metavar="URL", help="Where upstream is. [default: the address in the lock]")
@click.option(
    "--install",
    default="porter",
    show_default=True,
    metavar="REQUIREMENT",
    help="What pip installs, such as porter==0.1.0 or git+https://…",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def ci(
    path: Path,
    names: tuple[str, ...],
    target: str | None,
    port: str,
    upstream: str,
    install: str,
    force: bool,
) -> int:
    """Write the wiring for a CI service: pull requests are checked, and a schedule bumps the port.

    A file that is there already is never replaced without --force.
    """
    from porter.ci.wiring import PLACES, Wiring, write
    from porter.errors import UsageError

    for name in names:
        if name not in PLACES:
            raise UsageError(f"there is no wiring for {name!r}; the known ones are {', '.join(PLACES)}.")
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}; name the repository.")
    known_target, known_upstream = _known(path, port)
    wiring = Wiring(target or known_target, port, upstream or known_upstream, install)
    chosen = names or ("github",)
    if not wiring.target and set(chosen) & {"github", "gitlab"}:
        raise UsageError("Name the accelerator with --target, such as --target npu; `porter targets` lists them.")
    if not wiring.upstream and set(chosen) & {"github", "gitlab"}:
        raise UsageError("Say with --upstream URL where upstream is; the lock has no public address of it.")
    for written in write(path, chosen, wiring, force=force):
        click.echo(f"Wrote {written}")
    return 0


def _known(path: Path, port: str) -> tuple[str, str]:
    """The target and the address of upstream that the port's lock or the baseline tells."""
    from porter.lock import LOCK_NAME
    from porter.lock import read as read_lock
    from porter.ratchet.baseline import NAME, read

    if (path / port / LOCK_NAME).is_file():
        lock = read_lock(path / port / LOCK_NAME)
        return lock.target.name, lock.upstream.url
    return (read(path / NAME).target, "") if (path / NAME).is_file() else ("", "")
