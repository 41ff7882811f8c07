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
            tree = _tree(plan, checkout, own)
            identity = _identity(root)
            commit = git.line(
                root, "commit-tree", tree, "-p", checkout.origin.commit, "-m", _message(plan), env=identity
            )
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


def _tree(plan: Plan, checkout: Checkout, own: Mapping[str, bytes]) -> str:
    """The tree of the commit: its own index and work tree, so that attributes (newlines, LFS) and modes hold."""
    root = checkout.root
    with tempfile.TemporaryDirectory(prefix="porter-") as folder:
        files = Path(folder, "files")
        files.mkdir()
        env = {
            "GIT_INDEX_FILE": str(Path(folder, "index")),
            "GIT_DIR": git.line(root, "rev-parse", "--absolute-git-dir"),
            "GIT_WORK_TREE": str(files),
        }
        git.run(root, "read-tree", checkout.origin.commit, env=env)
        for path, content in {**{file.path: file.ported for file in plan.changed}, **own}.items():
            place = files / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            if (root / path).is_file():
                place.chmod((root / path).stat().st_mode)
        names = b"".join(os.fsencode(path) + b"\0" for path in [*(file.path for file in plan.changed), *own])
        git.run(files, "update-index", "--add", "-z", "--stdin", stdin=names, env=env)
        stale = b"".join(os.fsencode(path) + b"\0" for path in sorted(own_files(root) - own.keys()))
        git.run(files, "update-index", "--force-remove", "-z", "--stdin", stdin=stale, env=env)
        return git.line(files, "write-tree", env=env)


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


def _message(plan: Plan) -> str:
    counts = ", ".join(f"{plan.count(verdict)} {verdict.value}" for verdict in reversed(VERDICTS))
    target = f"{plan.target.title or plan.target.name} {plan.target.version}".strip()
    facts = f"porter {__version__} for {target}.\nSites: {counts}.\nFiles: {len(plan.changed)}.\n"
    return f"Port to {plan.target.name}\n\n{facts}"
