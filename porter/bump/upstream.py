"""Where the old and the new upstream of a port are: in the port's own repository, beside it, or where the lock says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porter.bump.port import Port
from porter.checkout import git
from porter.checkout.source import Checkout, open_checkout
from porter.errors import UsageError


@dataclass(frozen=True)
class Wish:
    """What a person said about upstream; all of it may be left open but where to go."""

    to: str = ""
    upstream: str = ""
    before: str = ""  # the checkout that the port was made from


@contextmanager
def old_upstream(port: Port, wish: Wish) -> Iterator[Checkout]:
    """The checkout that the port was made from."""
    commit = port.lock.upstream.commit
    if wish.before:
        spec = wish.before
    elif commit:
        spec = f"{home(port, wish)}@{commit}"
    else:
        raise UsageError(
            f"{port.shown} was made from a plain folder, {port.lock.upstream.name}; name that folder with --from."
        )
    with open_checkout(spec) as checkout:
        yield checkout


@contextmanager
def new_upstream(port: Port, wish: Wish) -> Iterator[Checkout]:
    """The checkout that the port is to be made from now; it keeps the name that the port knows it by."""
    with open_checkout(new_spec(port, wish)) as checkout:
        yield checkout


def new_spec(port: Port, wish: Wish) -> str:
    """What `--to` means: a folder, or a revision of upstream."""
    if Path(wish.to).is_dir():
        return wish.to
    if not wish.to:
        return home(port, wish)
    return f"{home(port, wish)}@{_known(home(port, wish), wish.to)}"


def home(port: Port, wish: Wish) -> str:
    """The repository of upstream: told, the port's own, one of its name beside the port, or the one in the lock."""
    if wish.upstream:
        return wish.upstream
    if port.is_git:
        return str(port.path)
    beside = port.path.parent / port.lock.upstream.name
    if _has(beside, port.lock.upstream.commit):
        return str(beside)
    if port.lock.upstream.url:
        return port.lock.upstream.url
    raise UsageError(
        f"the lock of {port.shown} has no public address of {port.lock.upstream.name}, and no repository of that name "
        "lies beside it; say where it is with --upstream."
    )


def _has(path: Path, commit: str) -> bool:
    """Whether a repository at `path` has the commit; without one the name is all that there is to go by."""
    if not (path / ".git").exists() and not (path / "HEAD").is_file():
        return False
    if not commit:
        return True
    try:
        git.line(path, "cat-file", "-e", f"{commit}^{{commit}}")
    except git.GitError:
        return False
    return True


def _known(where: str, revision: str) -> str:
    """A revision of a repository here as a commit, so that a name that moves means one thing during a run."""
    if not Path(where).is_dir():
        return revision
    for name in (revision, f"refs/remotes/origin/{revision}"):
        try:
            return git.line(Path(where), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except git.GitError:
            continue
    return revision
