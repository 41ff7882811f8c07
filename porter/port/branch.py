"""Writes the port as one commit on a new branch, without touching the work tree or the index."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from porter import __version__, lock
from porter.checkout import git
from porter.checkout.source import Checkout
from porter.errors import UsageError
from porter.model import VERDICTS, Plan
from porter.own import own_files
from porter.port.item import FILE, Item
from porter.port.written import Written, check_names_free, check_unchanged, explained, shown

NOWHERE = "0" * 40  # update-ref reads it as: the branch must not exist yet


def write_branch(
    plan: Plan,
    checkout: Checkout,
    branch: str,
    extra: Mapping[str, bytes],
    options: Mapping[str, Any],
    force: bool = False,
) -> Written:
    """A commit on the new branch `branch`, on top of the commit that was ported."""
    _check(plan, checkout, force)
    root = checkout.root
    own = {**extra, lock.LOCK_NAME: lock.render(plan, options, own=extra)}
    with explained(root):
        check_unchanged(plan, checkout)
        check_names_free(checkout, own, force)
        try:
            _check_branch(root, branch)
            contents: dict[str, Item | None] = dict.fromkeys(own_files(root) - own.keys())  # of an earlier port
            contents |= {path: _as_there(root / path, data) for path, data in _contents(plan, own).items()}
            commit = committed(root, checkout.origin.commit, contents, [checkout.origin.commit], message(plan))
            git.run(root, "update-ref", "-m", "porter: port", f"refs/heads/{branch}", commit, NOWHERE)
        except git.GitError as error:
            raise UsageError(
                f"git cannot make the branch {branch} ({error.reason}); mend that or use --out."
            ) from error
    return Written(root, branch=branch, commit=commit)


def _check(plan: Plan, checkout: Checkout, force: bool) -> None:
    if checkout.temporary:
        raise UsageError("a URL, a bare repo or a revision gets no branch; clone or check it out first, or use --out.")
    if not checkout.is_git:
        raise UsageError(f"{checkout.root} is not a git work tree, so it has no branches; use --out or --patch.")
    if not checkout.origin.commit:
        raise UsageError(f"{checkout.root} has no commit yet to branch from; commit something first.")
    if checkout.origin.dirty and not force:
        first = shown(checkout.origin.dirty[0])
        raise UsageError(f"{checkout.root} has changes that are not committed ({first}); commit them, or use --force.")
    tracked = set(git.run(checkout.root, "ls-files", "-z").split(b"\0"))
    inside = set(git.run(checkout.root, "ls-files", "-z", "--recurse-submodules").split(b"\0")) - tracked
    for file in plan.changed:
        name = os.fsencode(file.path)
        if name in inside:
            raise UsageError(f"{shown(file.path)} lies in a submodule, which a branch cannot change; use --out.")
        if name not in tracked and not force:
            raise UsageError(f"{shown(file.path)} is not committed; commit it, or use --force to add it as well.")


def _check_branch(root: Path, branch: str) -> None:
    try:
        git.run(root, "check-ref-format", f"refs/heads/{branch}")
    except git.GitError as error:
        raise UsageError(f"{branch!r} is no name for a branch; take letters, digits, dashes and slashes.") from error
    if branch.startswith("-") or git.run(root, "for-each-ref", f"refs/heads/{branch}"):
        raise UsageError(f"there is a branch {branch} already, or one below it; name another one.")


def _contents(plan: Plan, own: Mapping[str, bytes]) -> dict[str, bytes]:
    return {**{file.path: file.ported for file in plan.changed}, **own}


def _as_there(place: Path, data: bytes) -> Item:
    """The bytes with the mode that the file has in the work tree."""
    return Item(place.stat().st_mode if place.is_file() else FILE, data)


def committed(root: Path, base: str, contents: Mapping[str, Item | None], parents: list[str], text: str) -> str:
    """A commit with the files of the commit `base` but for `contents`, of which None is a file that goes.

    It has an index and a work tree of its own, so that attributes (newlines, LFS) and modes hold.
    """
    with tempfile.TemporaryDirectory(prefix="porter-") as folder:
        files = Path(folder, "files")
        files.mkdir()
        env = {
            "GIT_INDEX_FILE": str(Path(folder, "index")),
            "GIT_DIR": git.line(root, "rev-parse", "--absolute-git-dir"),
            "GIT_WORK_TREE": str(files),
        }
        git.run(root, "read-tree", base, env=env)
        for path, item in contents.items():
            if item is not None:
                item.write(files / path)
        for option, wanted in (("--force-remove", False), ("--add", True)):  # a folder may become a file
            names = b"".join(os.fsencode(p) + b"\0" for p, item in contents.items() if (item is not None) is wanted)
            git.run(files, "update-index", option, "--replace", "-z", "--stdin", stdin=names, env=env)
        tree = git.line(files, "write-tree", env=env)
    told = [word for parent in parents for word in ("-p", parent)]
    return git.line(root, "commit-tree", tree, *told, "-m", text, env=_identity(root))


def _identity(root: Path) -> dict[str, str]:
    """Nothing where git knows who commits; else porter signs itself."""
    try:
        git.run(root, "var", "GIT_COMMITTER_IDENT", config=("-c", "user.useConfigOnly=true"))
    except git.GitError:
        name, mail = "porter", "porter@localhost"
        return {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
        }
    return {}


def message(plan: Plan) -> str:
    counts = ", ".join(f"{plan.count(verdict)} {verdict.value}" for verdict in reversed(VERDICTS))
    target = f"{plan.target.title or plan.target.name} {plan.target.version}".strip()
    facts = f"porter {__version__} for {target}.\nSites: {counts}.\nFiles: {len(plan.changed)}.\n"
    return f"Port to {plan.target.name}\n\n{facts}"
