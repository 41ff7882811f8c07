"""Verifies ports of real repositories and makes the tables of docs/verified.md from what was seen.

    python bench/verified.py run nanogpt --source CHECKOUT [--packages DIR] [--target npu]
    python bench/verified.py page

`verified/cases/NAME.toml` tells what a case is: the repository and its commit, the packages beside torch, the files
that are added to the checkout (tiny data and models, the settings of porter), and the targets. A run is made by the
Python that runs this file and leaves what it saw in `verified/evidence/`; `page` writes the tables from there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CASES, EVIDENCE = HERE / "verified" / "cases", HERE / "verified" / "evidence"
PAGE = HERE.parent / "docs" / "verified.md"
MARKS = ("<!-- made by bench/verified.py -->", "<!-- end of what it made -->")
SHORT = {"reference-not-runnable": "no reference", "not-applicable": "n/a", "needs-device": "needs device"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("run")
    one.add_argument("case")
    one.add_argument("--source", type=Path, required=True, help="the checkout at the case's commit")
    one.add_argument("--beside", type=Path, help="the second checkout, of a case that is made of two")
    one.add_argument("--packages", default="", help="the folders with the packages of the case")
    one.add_argument("--target", action="append", default=[])
    one.add_argument("--only", action="append", default=[], help="a check; what was seen of others stays")
    one.add_argument("--keep", type=Path, help="where the port stays")
    verbs.add_parser("page")
    given = parser.parse_args()
    if given.verb == "page":
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    case = read(given.case)
    for target in given.target or case["targets"]:
        seen = run(case, target, given)
        EVIDENCE.mkdir(exist_ok=True)
        kept = EVIDENCE / f"{given.case}-{target}.json"
        if given.only and kept.is_file():
            seen = joined(json.loads(kept.read_text(encoding="utf-8")), seen)
        kept.write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def joined(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What an earlier run saw, with the checks that were run again as they are now."""
    again = {row["check"] for row in now["results"]}
    results = [row for row in before["results"] if row["check"] not in again] + now["results"]
    order = ["static", "edits", "import", *dict.fromkeys(row["check"] for row in before["results"] + now["results"])]
    results.sort(key=lambda row: order.index(row["check"]))
    seconds = {**before["seconds"], **now["seconds"]}
    most = max(before["most_memory_mb"], now["most_memory_mb"])
    return {**now, "seconds": seconds, "most_memory_mb": most, "results": results}


def read(name: str) -> dict[str, Any]:
    """A case as its file tells it."""
    import tomlkit

    return tomlkit.parse((CASES / f"{name}.toml").read_text(encoding="utf-8")).unwrap()


def run(case: dict[str, Any], target: str, given: argparse.Namespace) -> dict[str, Any]:
    """Ports the checkout and verifies the port; what was seen, how long it took, and the most memory of one process."""
    with tempfile.TemporaryDirectory() as folder:
        original, port = Path(folder) / case["name"], given.keep or Path(folder) / "port"
        _prepared(case, given.source, given.beside, original)
        porter = [sys.executable, "-m", "porter"]
        ported = subprocess.run([*porter, "migrate", original, "-t", target, "--out", port, "-q"], capture_output=True)
        if ported.returncode > 1:  # 1: something is left to a person
            sys.exit(ported.stderr.decode())
        only = [word for check in given.only for word in ("--only", check)]
        verify = [*porter, "verify", port, "--original", original, "--device", "sim", "--evidence", f"{folder}/seen"]
        more = ["--timeout", str(case.get("timeout", 300)), "--devices", str(case.get("devices", 1)), *only]
        paths = filter(None, [os.environ.get("PYTHONPATH"), given.packages])
        started = time.monotonic()
        subprocess.run([*verify, *more], env={**os.environ, "PYTHONPATH": ":".join(paths)}, check=False)
        seconds = time.monotonic() - started
        text = (Path(folder) / "seen" / "evidence.json").read_text(encoding="utf-8")
        seen = json.loads(re.sub(rf"{re.escape(tempfile.gettempdir())}/[\w.-]+", "…", text))  # other at every run
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    kept = {name: seen[name] for name in ("subject", "versions", "bounds", "totals")}
    columns = ("check", "subject", "outcome", "detail", "notes")
    results = [{name: row[name] for name in columns} for row in seen["results"]]
    ran = " ".join(dict.fromkeys(row["check"] for row in results))
    return {"case": given.case, **kept, "seconds": {ran: round(seconds)}, "most_memory_mb": most, "results": results}


def _prepared(case: dict[str, Any], source: Path, beside: Path | None, original: Path) -> None:
    """The checkout with the case's own files; what it has of a pyproject.toml stays, the settings are put below."""
    ignore = shutil.ignore_patterns(".git", "__pycache__")
    shutil.copytree(source / case.get("folder", ""), original, ignore=ignore, symlinks=True)
    if "with" in case:
        if beside is None:
            sys.exit("This case is made of two checkouts: name the second one with --beside.")
        shutil.copytree(beside / case["with"]["folder"], original / case["with"]["to"], ignore=ignore)
    for name, text in case.get("files", {}).items():
        place = original / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name == "pyproject.toml" and place.is_file():
            text = place.read_text(encoding="utf-8") + "\n" + text
        place.write_text(text, encoding="utf-8")


def page(text: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(MARKS[0])
    return f"{before}{MARKS[0]}\n\n{tables()}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}"


def tables() -> str:
    """All tables: what was taken, check by repository and target, and what was seen of each."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(EVIDENCE.glob("*.json"))]
    by_case: dict[str, list[dict[str, Any]]] = {}
    for seen in found:
        by_case.setdefault(seen["case"], []).append(seen)
    cases = {name: read(name) for name in by_case}
    order = sorted(by_case, key=lambda name: (cases[name].get("order", 99), name))
    lines = ["| repository | is | commit | with |", "|---|---|---|---|"]
    lines += [_taken(cases[name], by_case[name]) for name in order]
    lines += ["", *_grid([seen for name in order for seen in by_case[name]], cases)]
    for name in order:
        lines += ["", f"### {cases[name]['repository']}", "", *_told(cases[name]), "", *_seen(by_case[name])]
    return "\n".join(lines) + "\n"


def _taken(case: dict[str, Any], seen: list[dict[str, Any]]) -> str:
    folder = f" `{case['folder']}`" if case.get("folder") else ""
    versions = [f"{name} {seen[0]['versions'][name]}" for name in ("transformers", "numpy")]
    packages = ", ".join([*versions, *case.get("packages", [])])
    return f"| {case['repository']}{folder} | {case['kind']} | `{case['commit'][:8]}` | {packages} |"


def _grid(found: list[dict[str, Any]], cases: dict[str, Any]) -> list[str]:
    fullest = sorted(found, key=lambda seen: -len({row["check"] for row in seen["results"]}))  # it has them in order
    checks = list(dict.fromkeys(row["check"] for seen in fullest for row in seen["results"]))
    lines = [f"| of | on | {' | '.join(checks)} | s | MB |", "|---|---|" + "---|" * len(checks) + "---:|---:|"]
    for seen in found:
        cells = []
        for check in checks:
            counts = Counter(row["outcome"] for row in seen["results"] if row["check"] == check)
            cells.append(", ".join(f"{n} {SHORT.get(what, what)}" for what, n in sorted(counts.items())) or "not run")
        name = cases[seen["case"]]["repository"].partition("/")[2]
        tail = f"{sum(seen['seconds'].values())} | {seen['most_memory_mb']:,}"
        lines.append(f"| {name} | {seen['subject']['target']} | {' | '.join(cells)} | {tail} |")
    return lines


def _told(case: dict[str, Any]) -> list[str]:
    added = ", ".join(f"`{name}`" for name in case.get("files", {}))
    return [case["about"].strip(), *([f"Added to the checkout: {added}."] if added else [])]


def _seen(found: list[dict[str, Any]]) -> list[str]:
    """One row for each result; targets that saw the same share it."""
    rows: dict[tuple[str, str], dict[str, list[str]]] = {}
    for seen in found:
        for row in seen["results"]:
            said = f"**{row['outcome']}** | {_cell(row)}"
            rows.setdefault((row["check"], row["subject"]), {}).setdefault(said, []).append(seen["subject"]["target"])
    lines = ["| check | of | on | result | seen |", "|---|---|---|---|---|"]
    for (check, subject), by_said in rows.items():
        for said, targets in by_said.items():
            on = " ".join(target.partition("@")[0] for target in targets)
            lines.append(f"| {check} | {_plain(subject)} | {on} | {said} |")
    return lines


def _cell(row: dict[str, Any]) -> str:
    notes = [note for note in row["notes"] if "was not imported" not in note]
    return _plain(" ".join([row["detail"], *(f"{note}." if note[-1:] != "." else note for note in notes)]))


def _plain(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= 400 else text[:397] + "…"


if __name__ == "__main__":
    main()
