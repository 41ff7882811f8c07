"""How many bugs in ports `porter verify` sees: makes mutants of the fixtures' ports and verifies each.

A bug that is declared (seeded/) names the check that should see it. Correct ports are verified as well: each alarm
that they raise is a fault of the harness. The checks `edits` and `lines` see that somebody changed a port and said
nothing, whatever the change does: they are asked last, and what they alone saw is counted apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from kill import UNSAID, examine
from mutants import OTHER, ROOT, Mutant, declared, fixtures, made, mend

from porter.cli import porter

GOAL = 0.95


@dataclass(frozen=True)
class Row:
    """One port that was verified; `kind` is empty for a correct one."""

    name: str
    kind: str
    killer: str
    check: str
    said: str
    passed: tuple[str, ...]
    seconds: float


def main() -> int:
    """Exit code 1 when fewer were seen than GOAL, or a correct port raised an alarm."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="porter-mutants-") as folder:
        ports = {(f, t): Path(folder) / f"{f}-{t}" for f, t in _pairs(asked)}
        for (fixture, target), port in ports.items():
            wish = ["migrate", str(ROOT / fixture / "in"), "-t", target, "--out", str(port), "-q"]
            porter.main(wish, standalone_mode=False)
            mend(fixture, target, port)
        work = [
            (mutant, ports[pair], Path(folder) / f"mutant-{number}")
            for number, (pair, mutant) in enumerate(_mutants(ports, asked))
        ]
        with ProcessPoolExecutor(asked.jobs) as pool:
            before = [] if asked.no_correct else _shown(pool.map(_correct, ports.items()), len(ports))
            rows = _shown(pool.map(_mutated, work), len(work))
    everything = [*before, *rows]
    if asked.json:
        asked.json.write_text(json.dumps([asdict(row) for row in everything], indent=1) + "\n", encoding="utf-8")
    return _report(before, rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixture", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--target", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--kind", action="append", default=[], help="only kinds that begin so; repeatable")
    parser.add_argument("--made", type=int, default=4, help="how many of each kind that is made by rule [4]")
    parser.add_argument("--again", type=Path, metavar="JSON", help="only what that earlier run did not see")
    parser.add_argument("--no-correct", action="store_true", help="leave out the correct ports")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write every row there")
    return parser.parse_args()


def _pairs(asked: argparse.Namespace) -> list[tuple[str, str]]:
    every = [(fixture, target) for fixture, said in fixtures().items() for target in said["targets"]]
    return [
        (f, t)
        for f, t in every
        if (not asked.fixture or f in asked.fixture) and (not asked.target or t in asked.target)
    ]


def _mutants(ports: dict[tuple[str, str], Path], asked: argparse.Namespace) -> Iterable[tuple[tuple[str, str], Mutant]]:
    earlier = json.loads(asked.again.read_text(encoding="utf-8")) if asked.again else []
    once = {row["name"] for row in earlier if row["kind"] and not row["check"]}
    for (fixture, target), port in ports.items():
        if target not in OTHER:
            continue  # only its correct ports are verified
        for mutant in (*declared(fixture, target, port), *made(fixture, target, asked.made)):
            if (not asked.kind or mutant.kind.startswith(tuple(asked.kind))) and (not once or mutant.name in once):
                yield (fixture, target), mutant


def _correct(work: tuple[tuple[str, str], Path]) -> Row:
    (fixture, target), port = work
    started = time.monotonic()
    verdict = examine(port, ROOT / fixture / "in", fixtures()[fixture]["commands"])
    spent = time.monotonic() - started
    return Row(f"the correct port of {fixture} to {target}", "", "", verdict.check, verdict.said, verdict.passed, spent)


def _mutated(work: tuple[Mutant, Path, Path]) -> Row:
    mutant, port, place = work
    started = time.monotonic()
    mutant.write(port, place)
    original = ROOT / mutant.fixture / "in"
    verdict = examine(place, original, fixtures()[mutant.fixture]["commands"], mutant.file)
    shutil.rmtree(place)
    spent = time.monotonic() - started
    return Row(mutant.name, mutant.kind, mutant.killer, verdict.check, verdict.said, verdict.passed, spent)


def _shown(rows: Iterable[Row], total: int) -> list[Row]:
    """All of them, each said on stderr when it is done."""
    done = []
    for number, row in enumerate(rows, 1):
        done.append(row)
        seen = f"{row.check}: {row.said[:110]}" if row.check else "no alarm"
        print(f"{number}/{total} {row.name}: {seen} ({row.seconds:.0f} s)", file=sys.stderr, flush=True)
    return done


def _report(before: list[Row], rows: list[Row]) -> int:
    alarms = [row for row in before if row.check]
    for row in alarms:
        print(f"ALARM: {row.name}: {row.check}: {row.said}")
    print("\n| kind | bugs | seen by what they do | by | seen as an unsaid edit | not seen |")
    print("|---|---:|---:|---|---:|---:|")
    for kind in sorted({row.kind for row in rows}):
        print(_of_kind(kind, [row for row in rows if row.kind == kind]))
    for row in rows:
        if row.check in UNSAID:
            print(f"ONLY AN UNSAID EDIT: {row.name}: {row.said[:160]}")
        elif not row.check:
            print(f"NOT SEEN: {row.name}")
        elif row.killer and row.killer != row.check:
            print(f"SEEN ELSEWHERE: {row.name}: by {row.check}, expected by {row.killer}")
    seen = sum(bool(row.check) for row in rows)
    told = sum(bool(row.check) and row.check not in UNSAID for row in rows)
    share = seen / (len(rows) or 1)
    print(f"\n{told} of {len(rows)} bugs seen by what they do, {told / (len(rows) or 1):.1%}.")
    print(f"{seen} of {len(rows)} bugs seen, {share:.1%}.")
    print(f"{len(alarms)} of {len(before)} correct ports raise an alarm.")
    return int(share < GOAL or bool(alarms))


def _of_kind(kind: str, rows: list[Row]) -> str:
    by = Counter(row.check for row in rows if row.check)
    told = ", ".join(f"{check} {number}" for check, number in by.most_common() if check not in UNSAID)
    unsaid = sum(by[name] for name in UNSAID)
    return f"| {kind} | {len(rows)} | {by.total() - unsaid} | {told} | {unsaid} | {len(rows) - by.total()} |"


if __name__ == "__main__":
    sys.exit(main())
