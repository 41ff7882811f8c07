"""Writes a bumped port where the old one is: a folder exchanged, a work tree, or a commit on the branch."""

from __future__ import annotations

from pathlib import Path

from porter import lock
from porter.bump.carry import Carried
from porter.bump.made import Made, new_item, paths, signed
from porter.bump.port import Port
from porter.checkout import git
from porter.checkout.source import Checkout
from porter.drift.entry import Drift, Kind
from porter.errors import UsageError
from porter.model import Plan
from porter.own import FOLDER, own_files
from porter.port.branch import committed, message
from porter.port.item import FILE, Item
from porter.port.journal import write_all
from porter.port.sibling import replace_in_folder, replace_sibling
from porter.port.written import Written, explained


def write(port: Port, plan: Plan, new: Checkout, carried: Carried, drift: Drift, made: Made) -> Written:
    """The new port in the place of the old one, of the same sort."""
    from porter.harness.written import checks
    from porter.report import render
    from porter.report.drift import render as render_drift

    extra = {
        "report.md": _bytes(render(plan, "markdown")),
        "report.json": _bytes(render(plan, "json")),
        "bump.md": _bytes(render_drift(drift, "markdown")),
        **(checks(new, plan) if any(path.startswith(f"{FOLDER}/") for path in port.lock.own) else {}),
    }
    if not port.is_git:
        backup = sorted({*carried.replaced, *signed(port.root, made)})
        if (port.path / ".git").exists() or port.path in (Path.cwd(), *Path.cwd().parents):
            overlay = {path: item for path, item in carried.overlay.items() if Path(path).name != ".git"}
            return replace_in_folder(plan, new, port.path, extra, port.lock.options, overlay, backup)
        had = any((made.checkout.root / name).exists() for name in extra)  # a report of upstream's own, given up before
        return replace_sibling(
            plan, new, port.path, extra, port.lock.options, overlay=carried.overlay, force=had, backup=backup
        )
    own = {**extra, lock.LOCK_NAME: lock.render(plan, port.lock.options, own=extra)}
    contents: dict[str, Item | None] = {file.path: _ported(new, file.path, file.ported) for file in plan.changed}
    contents |= carried.overlay
    contents |= dict.fromkeys(own_files(port.root) - own.keys())  # of the older port, as porter wrote them
    contents |= {path: Item(FILE, data) for path, data in own.items()}
    with explained(port.path):
        try:
            return _branch(port, plan, new, contents, drift) if port.branch else _in_place(port, new, contents, made)
        except git.GitError as error:
            raise UsageError(f"git cannot write the bump ({error.reason}); mend that and run porter again.") from error


def _branch(port: Port, plan: Plan, new: Checkout, contents: dict[str, Item | None], drift: Drift) -> Written:
    """A commit with the branch and upstream as parents. With conflicts it goes on a branch of its own."""
    commit = new.origin.commit
    if not _has(port, commit):
        raise UsageError(f"{port.path} does not have the commit {commit[:12] or new.root}; fetch it first.")
    parents = [port.tip, commit]
    made = committed(port.path, commit, contents, parents, message(plan).replace("Port to", "Bump the port to", 1))
    if drift.of(Kind.CONFLICT):
        name = _free(port, f"{port.branch}-bump-{commit[:12]}")
        git.run(port.path, "update-ref", "-m", "porter: bump", f"refs/heads/{name}", made, "0" * 40)
        return Written(port.path, branch=name, commit=made)
    if _checked_out(port):
        raise UsageError(f"the branch {port.branch} is checked out in {port.path}; bump {port.path} itself instead.")
    git.run(port.path, "update-ref", "-m", "porter: bump", f"refs/heads/{port.branch}", made, port.tip)
    return Written(port.path, branch=port.branch, commit=made)


def _in_place(port: Port, new: Checkout, contents: dict[str, Item | None], made: Made) -> Written:
    """The work tree as the new port; files that git does not know stay, and are never replaced."""
    wanted: dict[str, Item | None] = {path: new_item(new, {}, path) for path in paths(new)}
    wanted |= contents
    now = port.files()
    gone = {path: None for path in now if path in made.paths and path not in wanted}
    todo = {path: item for path, item in {**wanted, **gone}.items() if not _same(item, now.get(path))}
    for path, item in sorted(todo.items()):
        if path not in now and path not in made.own and Item.at(port.root / path) is not None and item is not None:
            raise UsageError(f"{path} is not in git and upstream has a file of that name now; move yours away first.")
    write_all(port.root, {path: item for path, item in todo.items() if item is not None or path in now})
    return Written(port.path)


def _same(one: Item | None, other: Item | None) -> bool:
    return other is None if one is None else one.is_as(other)


def _ported(new: Checkout, path: str, data: bytes) -> Item:
    item = Item.at(new.root / path)
    return Item(item.mode if item is not None else FILE, data)


def _has(port: Port, commit: str) -> bool:
    try:
        git.line(port.path, "cat-file", "-e", f"{commit}^{{commit}}")
    except git.GitError:
        return False
    return bool(commit)


def _checked_out(port: Port) -> bool:
    listed = git.run(port.path, "worktree", "list", "--porcelain").splitlines()
    return f"branch refs/heads/{port.branch}".encode() in listed


def _free(port: Port, name: str) -> str:
    number, free = 1, name
    while git.run(port.path, "for-each-ref", f"refs/heads/{free}"):
        number += 1
        free = f"{name}-{number}"
    return free


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
