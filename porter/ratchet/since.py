"""Only what a branch changed: the files that differ from where it left, planned as they were and as they are."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from porter.checkout import git
from porter.checkout.kind import HEAD, kind_of
from porter.checkout.source import Checkout
from porter.checkout.walk import HUGE, NOT_SOURCE, Entry, entry_at
from porter.drift.site import Site, of_finding
from porter.errors import UsageError
from porter.model import Problem
from porter.options import Ledger
from porter.plan import Desk, patient_collector, plan_file, turn


@dataclass(frozen=True, slots=True)
class Look:
    """The places of some files, and what could not be read in them."""

    sites: list[Site]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Changed:
    """The files that a branch changed: those of the old commit, by path, and those of now."""

    commit: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def changed(root: Path, revision: str) -> Changed:
    """What differs between the work tree and the commit where it left `revision`; new files included."""
    try:
        start = git.line(root, "merge-base", "--end-of-options", revision, "HEAD")
        told = git.run(root, "diff", "--name-status", "--no-renames", "-z", "--relative", start, "--").split(b"\0")
        fresh = git.run(root, "ls-files", "-o", "--exclude-standard", "-z").split(b"\0")
    except git.GitError as error:
        raise UsageError(
            f"git cannot tell what changed since {revision} ({error.reason}); name a commit that both have."
        ) from error
    states = list(zip(told[::2], told[1::2], strict=False))
    before = sorted(os.fsdecode(path) for state, path in states if state != b"A")
    after = sorted(
        {os.fsdecode(path) for state, path in states if state != b"D"} | {os.fsdecode(p) for p in fresh if p}
    )
    return Changed(start, tuple(before), tuple(after))


def before(desk: Desk, change: Changed) -> Look:
    """The places that the files had. What is known about the rest of the repository is that of now."""
    entries = []
    for path in change.before:
        data = _blob(desk.checkout, change.commit, path)
        entry = _entry(path, data) if data is not None else None
        if entry is not None and data is not None:
            entries.append((entry, data))
    return _planned(desk, entries)


def _entry(path: str, data: bytes) -> Entry | None:
    """A file of the old commit as the walk would have it."""
    kind = kind_of(path, lambda: data[:HEAD])
    return None if kind in NOT_SOURCE or len(data) > HUGE else Entry(path, kind, len(data), False, 0o644, True)


def after(desk: Desk, change: Changed) -> Look:
    """The places that the files have."""
    entries = []
    for path in change.after:
        entry = entry_at(desk.checkout.root, path)
        if entry is not None and entry.scan:
            entries.append((entry, (desk.checkout.root / path).read_bytes()))
    return _planned(desk, entries)


def _planned(desk: Desk, entries: list[tuple[Entry, bytes]]) -> Look:
    look = Look([], [])
    context = replace(desk.context, options=Ledger())  # of these files alone
    with patient_collector():
        for entry, raw in sorted(entries, key=turn):
            plan, problems = plan_file(entry, raw, context)
            look.problems.extend(problems)
            look.sites.extend(of_finding(finding) for finding in (plan.findings if plan is not None else ()))
    return look


def _blob(checkout: Checkout, commit: str, path: str) -> bytes | None:
    try:
        prefix = git.line(checkout.root, "rev-parse", "--show-prefix")
        return git.run(checkout.root, "cat-file", "blob", f"{commit}:{prefix}{path}")
    except git.GitError:  # a submodule
        return None
