"""The bump itself: read the port and both upstreams, plan, carry a person's changes, write the new port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from porter.bump import hand
from porter.bump.carry import Carried, New, carry
from porter.bump.choice import choice_for
from porter.bump.made import Made, new_item, paths, signed
from porter.bump.merge import Labels
from porter.bump.port import Port, open_port
from porter.bump.upstream import Wish, new_upstream, old_upstream
from porter.bump.write import write
from porter.checkout.source import Checkout
from porter.drift import compare, ground
from porter.drift.entry import Drift, Entry, Kind, Level, ordered
from porter.drift.match import match
from porter.drift.site import of_plan
from porter.errors import UsageError
from porter.model import Plan
from porter.plan import make_plan
from porter.port.inplace import settle
from porter.port.item import Item
from porter.port.sibling import held, revive
from porter.port.swap import only_run_in
from porter.port.written import Written


@dataclass(frozen=True)
class Bumped:
    """What a bump came to: the new plan, what moved, and where it is, if it was written."""

    plan: Plan
    drift: Drift
    written: Written | None


def bump(spec: str, wish: Wish, target: str = "", rules: tuple[Path, ...] = (), *, dry: bool = False) -> Bumped:
    """The port named by `spec` from another upstream. With `dry` nothing is written."""
    revive(Path(spec))
    with open_port(spec) as port, _alone(port, dry):
        _check_clean(port)
        with old_upstream(port, wish) as old, new_upstream(port, wish) as new:
            old, new = _named(old, port), _named(new, port)
            before = make_plan(old, choice_for(port, old, target, rules))
            after = make_plan(new, choice_for(port, new, target, rules))
            made = Made(old, port.lock)
            _check_same(made, port)
            carried = _carried(port, made, new, after)
            anew = [_anew(path) for path in signed(port.root, made)]
            drift = _drift(port, before, after, [*carried.entries, *anew])
            written = None if dry else write(port, after, new, carried, drift, made)
        return Bumped(after, drift, written)


@contextmanager
def _alone(port: Port, dry: bool) -> Iterator[None]:
    """The port for this run alone, whole again where an earlier run was killed."""
    if dry or port.branch:
        yield
        return
    with only_run_in(port.root) if port.is_git else held(port.path):
        settle(port.root)
        yield


def _check_clean(port: Port) -> None:
    """What a bump in place replaces must be safe in a commit."""
    from porter.checkout.source import open_checkout

    if port.is_git and not port.branch:
        with open_checkout(str(port.path)) as checkout:
            if not checkout.is_git:
                raise UsageError(
                    f"{port.shown} is not a git work tree, so there would be no way back; put it into git first."
                )
            if checkout.origin.dirty:
                raise UsageError(
                    f"{port.shown} has changes that are not committed ({checkout.origin.dirty[0]}); commit them first."
                )


def _named(checkout: Checkout, port: Port) -> Checkout:
    """The checkout under the name and address that the port knows: a clone elsewhere is the same project."""
    known = port.lock.upstream
    origin = replace(checkout.origin, name=known.name, url=checkout.origin.url or known.url)
    return replace(checkout, origin=origin)


def _check_same(made: Made, port: Port) -> None:
    """Refuses a checkout that is not the one of that time: every file would look like a person's."""
    strangers = made.strangers()
    if len(strangers) > max(5, len(made.paths) // 4):
        raise UsageError(
            f"{made.checkout.root} is not what {port.shown} was made from: {len(strangers)} files differ, such as "
            f"{strangers[0]}; name the right one with --from or --upstream."
        )


def _carried(port: Port, made: Made, new: Checkout, plan: Plan) -> Carried:
    ported = {file.path: file.ported for file in plan.changed}
    side = New(
        frozenset(paths(new)) - made.own,
        lambda path: new_item(new, ported, path),
        lambda path: Item.at(new.root / path),
    )
    changed = hand.changes(made, {path: item for path, item in port.files().items() if path not in made.own})
    labels = Labels("yours", f"porter's, from {_short(made.checkout)}", f"porter's, from {_short(new)}")
    return carry(changed, lambda path: Item.at(made.checkout.root / path), made.paths, side, labels)


def _anew(path: str) -> Entry:
    why = "You changed it, and porter writes it anew with each port; yours is in the backup, or in the history."
    return Entry(Kind.HAND, Level.WARNING, "written anew", why, path)


def _drift(port: Port, before: Plan, after: Plan, entries: list[Entry]) -> Drift:
    old, new = of_plan(before), of_plan(after)
    entries = [*entries]
    entries += compare.entries(match(old, new), safe=Level.NOTE)
    entries += compare.unread(before.problems, after.problems)
    entries += ground.rules(port.lock, after)
    entries += ground.pins(port.lock, after)
    if (port.root / ground.EVIDENCE).is_file():
        entries.append(Entry(Kind.EVIDENCE, Level.NOTE, "evidence", "It was about the port before; run porter verify."))
    return Drift(
        port.lock.upstream.name,
        after.target.name,
        _revision(before),
        _revision(after),
        ordered(entries),
        compare.counted(old, new),
        after.notes,
    )


def _revision(plan: Plan) -> str:
    return plan.origin.commit


def _short(checkout: Checkout) -> str:
    return checkout.origin.commit[:12] or checkout.root.name
