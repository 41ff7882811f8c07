"""A port as it is now: a folder of its own, a work tree that was ported in place, or a branch of a repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from porter.bump.made import paths
from porter.checkout import git
from porter.checkout.source import open_checkout
from porter.errors import UsageError
from porter.lock import LOCK_NAME, Lock, read
from porter.port.item import Item
from porter.port.sibling import files_of


@dataclass(frozen=True)
class Port:
    """`path` is the port, or the repository that has it as the branch `branch`; `root` is where its files lie."""

    path: Path
    lock: Lock
    root: Path
    branch: str = ""
    tip: str = ""

    @property
    def is_git(self) -> bool:
        """Whether it is a commit of upstream's own repository with the port on top."""
        return bool(self.branch) or not self.lock.tree

    @property
    def shown(self) -> str:
        return f"{self.path}@{self.branch}" if self.branch else str(self.path)

    def files(self) -> dict[str, Item]:
        """The files of the port; of a work tree those that git knows."""
        if self.is_git:
            with open_checkout(str(self.root)) as checkout:
                found = {path: Item.at(self.root / path) for path in paths(checkout)}
            tracked = set(git.run(self.root, "ls-files", "-z").split(b"\0"))
            return {p: i for p, i in found.items() if i is not None and p.encode("utf-8", "surrogateescape") in tracked}
        return files_of(self.root)


@contextmanager
def open_port(spec: str) -> Iterator[Port]:
    """The port that `spec` names: a folder, or PATH@BRANCH."""
    path = Path(spec).expanduser()
    if path.is_dir():
        path = path.resolve()
        if not (path / LOCK_NAME).is_file():
            raise UsageError(
                f"{spec} is no port: it has no {LOCK_NAME}; name what `porter migrate` wrote, PATH or PATH@BRANCH."
            )
        yield Port(path, read(path / LOCK_NAME), path)
        return
    where, at, branch = spec.rpartition("@")
    if not at or not Path(where).expanduser().is_dir():
        raise UsageError(f"there is no port {spec}; name a folder that `porter migrate` wrote, or PATH@BRANCH.")
    home = Path(where).expanduser().resolve()
    tip = _tip(home, branch)
    with open_checkout(f"{home}@{tip}") as checkout:
        if not (checkout.root / LOCK_NAME).is_file():
            raise UsageError(f"the branch {branch} of {where} is no port: it has no {LOCK_NAME}; name another branch.")
        yield Port(home, read(checkout.root / LOCK_NAME), checkout.root, branch, tip)


def _tip(home: Path, branch: str) -> str:
    try:
        return git.line(home, "rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/heads/{branch}^{{commit}}")
    except git.GitError as error:
        raise UsageError(f"{home} has no branch {branch!r}; `git branch` lists those that it has.") from error
