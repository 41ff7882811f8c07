"""What a port stands on besides upstream's code: the rules, the target, porter, the requirements, the evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from porter import __version__
from porter.drift.entry import Entry, Kind, Level
from porter.lock import Lock, facts
from porter.model import Plan

EVIDENCE = "verify/evidence.json"


def rules(lock: Lock, plan: Plan) -> Iterator[Entry]:
    """Packs, target and porter that are not those of the lock."""
    before, after = ({pack.name: pack.digest for pack in packs} for packs in (lock.packs, plan.packs))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            how = "is new" if name not in before else "is not used now" if name not in after else "changed"
            mend = " Name its folder with --rules." if name not in after else ""
            yield _rules(f"the pack {name} {how}", f"The port was made with other rules: the pack {name} {how}.{mend}")
    was, now = lock.target, plan.target
    if (was.version, was.torch) != (now.version, now.torch):
        how = f"{was.version} with torch {was.torch}, now {now.version} with torch {now.torch}"
        yield _rules(f"the target {now.name}", f"The port was made for {now.name} {how}.")
    elif was.facts and was.facts != facts(now.name):
        yield _rules(
            f"the names of {now.name}", f"porter has learned other names of {now.name} since the port was made."
        )
    if lock.porter != __version__:
        yield Entry(
            Kind.RULES, Level.NOTE, "porter", f"The port was made with porter {lock.porter}, this is {__version__}."
        )


def pins(lock: Lock, plan: Plan) -> Iterator[Entry]:
    """Requirements that upstream declares otherwise now."""
    after: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for pin in plan.pins:
        after.setdefault(pin.name, []).append(pin.wanted)
        places.setdefault(pin.name, pin.where)
    for name in sorted(lock.pins.keys() | after.keys()):
        was, now = sorted(set(lock.pins.get(name, ()))), sorted(set(after.get(name, ())))
        if was != now:
            file, _, line = places.get(name, "").rpartition(":")
            said = f"{_wanted(name, was)} before, {_wanted(name, now)} now."
            yield Entry(
                Kind.PIN,
                Level.WARNING,
                name,
                f"{said} Check it against what the target's stack has.",
                file,
                int(line or 0),
                text=_wanted(name, now),
                was=_wanted(name, was),
            )


def evidence(port: Path, commit: str) -> Iterator[Entry]:
    """Evidence that is about another commit than `commit`, or is not there."""
    place = port / EVIDENCE
    if not place.is_file():
        return
    try:
        subject = json.loads(place.read_text(encoding="utf-8"))["subject"]
        of = str(subject["commit"])
    except (OSError, ValueError, KeyError, TypeError):
        yield Entry(Kind.EVIDENCE, Level.WARNING, "evidence", "It cannot be read; run porter verify again.", EVIDENCE)
        return
    if of != commit:
        said = f"It is about {of[:12] or 'a folder'}, the code is that of {commit[:12] or 'a folder'} now"
        yield Entry(Kind.EVIDENCE, Level.WARNING, "evidence", f"{said}; run porter verify again.", EVIDENCE)


def _rules(title: str, why: str) -> Entry:
    return Entry(Kind.RULES, Level.WARNING, title, why)


def _wanted(name: str, wanted: list[str]) -> str:
    return (
        " and ".join(f"{name}{each if each[:1] in '=<>!~' else ' ' + each}" for each in wanted)
        or f"no version of {name}"
    )
