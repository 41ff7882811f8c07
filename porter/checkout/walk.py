"""The files of a checkout, in order: what git would count as belonging to it, links listed but never followed."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from porter.checkout import git
from porter.checkout.kind import HEAD, kind_of
from porter.errors import UsageError

# Above this a file is data, not source: the largest source file of the repos we looked at has 0.6 MB.
HUGE = 5 * 1024 * 1024

# Other version control systems keep copies of sources here; git's own folder is not even listed.
VCS_FOLDERS = {".hg", ".svn", ".bzr"}

# Folders that tools make: where .gitignore excludes them, nothing of the project lies in them.
MACHINE_MADE = {
    *("venv", ".venv", "env", ".env", "virtualenv", "node_modules", "site-packages", "__pycache__", "build", "dist"),
    *(".tox", ".nox", ".eggs", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".cache", "target"),
    *("wandb", "runs", "outputs", "output", "logs", "checkpoints"),
}

NOT_SOURCE = {"binary", "symlink", "submodule", "special"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. `path` is POSIX and relative to the root; bytes that are not UTF-8 are kept by surrogateescape.

    A submodule that is not checked out is one entry of kind `submodule`; pipes, sockets and devices are `special`.
    """

    path: str
    kind: str
    size: int
    is_symlink: bool
    mode: int
    scan: bool


def walk(root: Path) -> list[Entry]:
    """The files that belong to the checkout at `root`: tracked or not, but not those that .gitignore excludes."""
    paths = git_paths(root) if (root / ".git").exists() else plain_paths(root)
    entries = (entry_at(root, path) for path in sorted(paths))
    return [entry for entry in entries if entry is not None]


def entry_at(root: Path, path: str) -> Entry | None:
    """What lies at `path`; None where nothing does (a tracked file that was deleted)."""
    try:
        status = (root / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    kind = _kind(root, path, status.st_mode)
    in_vcs = not VCS_FOLDERS.isdisjoint(PurePosixPath(path).parts)
    scan = kind not in NOT_SOURCE and status.st_size <= HUGE and not in_vcs
    return Entry(path, kind, status.st_size, kind == "symlink", stat.S_IMODE(status.st_mode), scan)


def git_paths(root: Path) -> Iterator[str]:
    """The paths of a git work tree as git lists them, submodules that are checked out included."""
    return _listed(root, ())


def plain_paths(root: Path) -> Iterator[str]:
    """The paths of a plain folder. Without an index nobody knows which of the files that .gitignore excludes belong to
    the project all the same (an archive of a repo has them), so of those only what a machine made is left out."""
    files = [path for path in all_paths(root) if not path.endswith("/")]
    if not any(PurePosixPath(path).name == ".gitignore" for path in files):
        yield from files
        return
    listed = set(_listed_by_rules(root))
    yield from listed
    yield from (path for path in files if path not in listed and not _machine_made(path))


def _machine_made(path: str) -> bool:
    return any(part in MACHINE_MADE or part.endswith(".egg-info") for part in PurePosixPath(path).parts[:-1])


def _listed_by_rules(root: Path) -> Iterator[str]:
    """What .gitignore leaves of a plain folder: git is asked, with an empty repo elsewhere, for only git knows all
    that its patterns mean."""
    with tempfile.TemporaryDirectory(prefix="porter-", ignore_cleanup_errors=True) as folder:
        try:
            git.run(Path(folder), "init", "--quiet", "--template=")
        except git.GitError as error:
            raise UsageError(f"git cannot make a temporary repo ({error.reason}); mend that first.") from error
        where = (f"--git-dir={folder}/.git", f"--work-tree={root}")
        yield from _listed(root, ("-c", f"core.excludesFile={os.devnull}", *where))


def all_paths(root: Path) -> Iterator[str]:
    """All that lies in a folder but .git, ignored or not; an empty folder as `folder/`."""
    todo = [""]
    while todo:
        folder = todo.pop()
        items = _items(root, folder)
        if folder and not items:
            yield folder
        for item in items:
            if item.is_dir(follow_symlinks=False):
                todo.append(f"{folder}{item.name}/")
            else:
                yield folder + item.name


def _listed(root: Path, where: tuple[str, ...], prefix: str = "") -> Iterator[str]:
    try:
        listed = git.run(root / prefix, *where, "ls-files", "-co", "--exclude-standard", "-z")
    except git.GitError as error:
        raise UsageError(f"git cannot list the files of {root / prefix} ({error.reason}); mend that first.") from error
    links: dict[str, bool] = {}
    for name in {os.fsdecode(raw).rstrip("/") for raw in listed.split(b"\0") if raw}:
        path = prefix + name
        if _behind_link(root, path, links):  # a tracked folder was replaced by a link: to git these are deleted
            continue
        if (root / path).is_symlink() or not (root / path).is_dir():
            yield path
        elif (root / path / ".git").exists():
            yield from _listed(root, (), path + "/")
        elif not any((root / path).iterdir()):
            yield path  # an empty folder that git lists is a submodule that is not checked out


def _items(root: Path, folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(root / folder) as items:
            return [item for item in items if item.name != ".git"]
    except OSError as error:
        where = root / folder
        raise UsageError(
            f"porter cannot read the folder {where} ({error.strerror}); allow it or move it away."
        ) from error


def _behind_link(root: Path, path: str, known: dict[str, bool]) -> bool:
    parent = path.rpartition("/")[0]
    if not parent:
        return False
    if parent not in known:
        known[parent] = (root / parent).is_symlink() or _behind_link(root, parent, known)
    return known[parent]


def _kind(root: Path, path: str, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "symlink"
    if stat.S_ISDIR(mode):
        return "submodule"
    if not stat.S_ISREG(mode):
        return "special"
    return kind_of(path, lambda: _head(root / path))


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(HEAD)
    except OSError:
        return b""  # counts as text: whoever reads it will say why it cannot be read
