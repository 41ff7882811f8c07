"""Plans upstream at each of its tags and counts: how many places there were, and how many needed a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from porter.bump.choice import choice_for
from porter.bump.port import Port
from porter.bump.upstream import Wish, home
from porter.checkout import git
from porter.checkout.source import open_checkout
from porter.errors import UsageError
from porter.model import VERDICTS
from porter.plan import make_plan


@dataclass(frozen=True, slots=True)
class Point:
    """Upstream at a tag. `day` is when the tag's commit was made; `counts` are places by verdict."""

    tag: str
    commit: str
    day: str
    counts: dict[str, int]
    ported_from: bool = False  # the commit that the port was made from

    @property
    def found(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Places that are left to a person."""
        return self.counts["manual"]

    @property
    def coverage(self) -> float:
        """The part of the places that no person has to port: 1 where there is none."""
        return 1 - self.open / self.found if self.found else 1.0


def look(
    port: Port, wish: Wish, wanted: str, last: int, rules: tuple[Path, ...], say: Callable[[str], None]
) -> list[Point]:
    """The points of the last tags that match, the oldest first, and the commit that the port was made from."""
    where = home(port, wish)
    if not Path(where).is_dir():
        raise UsageError(
            f"history needs upstream on this machine, and the lock has {where}; clone it and name it with --upstream."
        )
    lock = port.lock
    points = []
    for tag, day, commit in _tags(Path(where), wanted, lock.upstream.commit)[-last:]:
        say(tag)
        with open_checkout(f"{where}@{commit}") as checkout:
            plan = make_plan(checkout, choice_for(port, checkout, "", rules))
        counts = {verdict.value: plan.count(verdict) for verdict in VERDICTS}
        points.append(Point(tag, commit, day, counts, commit == lock.upstream.commit))
    return points


def _tags(where: Path, wanted: str, ported: str) -> list[tuple[str, str, str]]:
    """Tags with day and commit in the order of their days; the port's own commit among them, tagged or not."""
    form = "%(refname:short)%09%(creatordate:short)%09%(*objectname)%09%(objectname)"
    told = git.line(where, "for-each-ref", "--sort=creatordate", f"--format={form}", "refs/tags")
    found = []
    for line in told.splitlines():
        tag, day, peeled, commit = line.split("\t")
        if fnmatch(tag, wanted):
            found.append((tag, day, peeled or commit))
    if ported and ported not in {commit for _, _, commit in found}:
        try:
            day = git.line(where, "show", "-s", "--format=%cs", ported)
        except git.GitError:
            return found
        found.append((ported[:12], day, ported))
        found.sort(key=lambda item: item[1])
    return found
