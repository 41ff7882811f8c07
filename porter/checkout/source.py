"""Opens what a person names as the checkout: a folder, a work tree, a bare repo or a git URL, at a revision."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from porter.checkout import git
from porter.checkout.installed import Installed, staged
from porter.checkout.snapshot import is_snapshot, materialised
from porter.errors import UsageError
from porter.model import Origin

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)/?(.*)", re.DOTALL)
SCP = re.compile(r"([\w.-]+@[\w.-]+):(.+)", re.DOTALL)  # git@host:path; a user is asked for, so that a:b stays a path
HELPER = re.compile(r"[A-Za-z0-9+.-]+::")  # ext::command and its like run programs


@dataclass(frozen=True, slots=True)
class Checkout:
    """The tree being ported. A `temporary` one is a clone that goes away, so nothing can be written there."""

    root: Path
    origin: Origin
    is_git: bool
    temporary: bool = False
    overlay: bool = False  # an installed package, whose port stands before it on Python's path


@contextmanager
def open_checkout(spec: str | Installed) -> Iterator[Checkout]:
    """The checkout that `spec` names: PATH or URL, each with an optional @REV; a path that exists wins over @REV."""
    if isinstance(spec, Installed):
        with staged(spec) as (root, name):
            yield Checkout(root, Origin(name), is_git=False, temporary=True, overlay=True)
        return
    path, revision = _local(spec)
    if path is None:
        url, revision = _remote(spec)
        with _clone(url, revision) as checkout:
            yield checkout
    elif not path.is_dir():
        raise UsageError(f"{path} is not a directory; name the folder of the repo that is to be ported.")
    elif revision or _is_bare(path):
        with _clone_of(path, revision) as checkout:
            yield checkout
    elif is_snapshot(path):
        with materialised(path) as (root, origin):
            yield Checkout(root, origin, is_git=False, temporary=True)
    else:
        yield _work_tree(path) if (path / ".git").exists() else _folder(path)


def repo_name(path_or_url: str) -> str:
    """The last part of a path or URL, without .git."""
    name = re.split(r"[/:]", path_or_url.rstrip("/"))[-1]
    return name.removesuffix(".git") or "checkout"


def _local(spec: str) -> tuple[Path | None, str]:
    """The longest beginning of the spec that is a path which exists, and the revision after its @."""
    if _exists(spec):
        return Path(spec).expanduser().resolve(), ""
    for at in reversed([match.start() for match in re.finditer("@", spec)]):
        if at and _exists(spec[:at]):
            return Path(spec[:at]).expanduser().resolve(), _safe_revision(spec[at + 1 :], spec)
    return None, ""


def _exists(spec: str) -> bool:
    try:
        return bool(spec) and os.path.lexists(Path(spec).expanduser())
    except (ValueError, RuntimeError):  # a NUL byte; ~somebody without a home
        return False


def _remote(spec: str) -> tuple[str, str]:
    """The URL and revision of a spec that is not a path here."""
    scheme, scp = SCHEME.fullmatch(spec), SCP.fullmatch(spec)
    if spec.startswith("-") or HELPER.match(spec) or (scp and scp[1].startswith("-")):
        raise UsageError(f"{spec} is neither a folder nor a URL that porter opens; use https://, ssh:// or a path.")
    if scheme:
        if scheme[1].lower() not in git.PROTOCOLS or scheme[2].startswith("-"):
            raise UsageError(f"porter does not open {scheme[1]}:// URLs; use https://, ssh:// or a path.")
        path = scheme[3]
    elif scp:
        path = scp[2]
    else:
        raise UsageError(f"there is no folder {spec}; check the spelling, or give a git URL.")
    before, at, revision = path.rpartition("@")
    if not at or not before or before.endswith("/"):  # an @ that begins a part of the path is a name
        return spec, ""
    return spec[: -len(revision) - 1], _safe_revision(revision, spec)


def _safe_revision(revision: str, spec: str) -> str:
    if not revision or revision.startswith("-"):
        raise UsageError(f"{git.without_credentials(spec)} names no revision after its @; add a branch, tag or commit.")
    return revision


def _is_bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def _folder(path: Path) -> Checkout:
    # A folder inside somebody's work tree is a plain folder: its commit would change with files that are not in it.
    return Checkout(path, Origin(repo_name(path.name)), is_git=False)


def _work_tree(path: Path) -> Checkout:
    try:
        git.line(path, "rev-parse", "--show-toplevel")
        commit = _commit(path, "HEAD")
        # Not `git diff`, which writes the index of the person's repo while it looks.
        status = ("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=untracked")
        changed = git.run(path, *status, "--untracked-files=no") if commit else b""
    except git.GitError as error:
        raise UsageError(
            f"git cannot read the repo in {path} ({error.reason}); mend it, or remove its .git."
        ) from error
    dirty = tuple(sorted(os.fsdecode(state[3:]) for state in changed.split(b"\0") if state))  # "XY path"
    return Checkout(path, Origin(repo_name(path.name), _upstream(path), commit, dirty), is_git=True)


def _upstream(path: Path) -> str:
    """The public address of the repo; an address on this machine is nobody else's business."""
    try:
        url = git.line(path, "config", "--get", "remote.origin.url")
    except git.GitError:  # no remote of that name
        return ""
    return _public(url)


def _public(url: str) -> str:
    scheme = SCHEME.fullmatch(url)
    if scheme and scheme[1].lower() != "file":
        return re.sub(r"[?#].*", "", git.without_credentials(url))  # a query may hold a token
    return url if SCP.fullmatch(url) else ""


def _commit(path: Path, revision: str) -> str:
    """The full id of the commit, or nothing where git knows none of that name."""
    try:
        return git.line(path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except git.GitError:
        return ""


@contextmanager
def _clone_of(path: Path, revision: str) -> Iterator[Checkout]:
    """A repo on this machine at a revision; its own names are asked first, for a clone knows fewer of them."""
    if not _is_bare(path) and not (path / ".git").exists():
        raise UsageError(f"{path} is not a git repo, so it has no revision {revision}; leave out the @{revision}.")
    commit = _commit(path, revision or "HEAD")
    if not commit:
        raise _unknown(revision, str(path))
    # A bare repo may be a mirror of somebody's public one; its own address is the next best and stays private.
    origin = Origin(repo_name(path.name) if path.name != ".git" else path.parent.name, _upstream(path), commit)
    with _cloned(str(path), origin.name, ("--shared",)) as root:
        _check_out(root, commit)
        yield Checkout(root, origin, is_git=True, temporary=True)


@contextmanager
def _clone(url: str, revision: str) -> Iterator[Checkout]:
    # Without a revision the newest commit is enough; with one, the history without its files.
    options = ("--filter=blob:none",) if revision else ("--depth=1",)
    name = repo_name(str(PurePosixPath(re.sub(r"[?#].*", "", url))))
    with _cloned(url, name, options) as root:
        commit = _fetched(root, revision) if revision else _commit(root, "HEAD")
        if not commit:
            raise _unknown(revision, git.without_credentials(url))
        _check_out(root, commit)
        yield Checkout(root, Origin(name, _public(url), commit), is_git=True, temporary=True)


def _fetched(root: Path, revision: str) -> str:
    """The commit of a revision in a clone: a tag or id, a branch, else whatever the server calls so."""
    commit = _commit(root, revision) or _commit(root, f"refs/remotes/origin/{revision}")
    if commit:
        return commit
    try:
        git.run(root, "fetch", "--quiet", "--no-tags", "origin", "--", revision)
    except git.GitError:
        return ""
    return _commit(root, "FETCH_HEAD")


@contextmanager
def _cloned(url: str, name: str, options: tuple[str, ...]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="porter-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / name
        # The bytes must be those of the commit, whatever newlines this person's git prefers.
        config = ("--config", "core.autocrlf=false", "--template=", "--quiet", "--no-checkout")
        try:
            git.run(root.parent, "clone", *config, *options, "--", url, str(root))
        except git.GitError as error:
            where = git.without_credentials(url)
            raise UsageError(
                f"git cannot clone {where} ({error.reason}); check the address and your access."
            ) from error
        yield root


def _check_out(root: Path, commit: str) -> None:
    try:
        git.run(root, "checkout", "--quiet", "--detach", commit, "--")
    except git.GitError as error:
        raise UsageError(f"git cannot check out {commit[:12]} ({error.reason}); try another revision.") from error


def _unknown(revision: str, where: str) -> UsageError:
    if not revision:
        return UsageError(f"{where} has no commit yet; commit something first, or name a branch after an @.")
    return UsageError(f"there is no revision {revision} in {where}; name a branch, tag or commit that it has.")
