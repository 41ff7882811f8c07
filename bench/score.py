"""Scores porter against labelled sites: ports every original, lists what it told a person about, and calls the scorer.

    python bench/score.py ORIGINALS LABELS.jsonl SCORER.py --target mlu [--out FOLDER] [OPTIONS OF THE SCORER]

ORIGINALS has one folder a repo. In FOLDER each target gets its ported/ and its FLAGS.json, a list of `repo`, `file` and
`line`: the places that report.json leaves to a person. The scorer is called with ORIGINALS, ported/, the labels,
`--target` and `--flags`, and its exit code is ours.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOR_A_PERSON = {"manual", "review"}
PORTED, NEEDS_A_PERSON = 0, 1


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="porter-score-") as scratch:
        folder = (arguments.out or Path(scratch)) / arguments.target
        flags = port_all(arguments.originals, folder / "ported", arguments.target)
        (folder / "FLAGS.json").write_text(json.dumps(flags, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        command: list[str | Path] = [sys.executable, arguments.scorer]
        command += [arguments.originals, folder / "ported", arguments.labels]
        command += ["--target", arguments.target, "--flags", folder / "FLAGS.json", *arguments.options]
        return subprocess.run(command, check=False).returncode


def port_all(originals: Path, ported: Path, target: str) -> list[dict[str, Any]]:
    """Port each folder of `originals` afresh; the flags of all of them."""
    shutil.rmtree(ported, ignore_errors=True)
    ported.mkdir(parents=True)
    flags: list[dict[str, Any]] = []
    for repo in sorted(path for path in originals.iterdir() if path.is_dir()):
        print(f"porting {repo.name} to {target}", file=sys.stderr)
        out = ported / repo.name
        porter = [sys.executable, "-m", "porter", "migrate", str(repo)]
        porter += ["--target", target, "--out", str(out), "--quiet"]
        code = subprocess.run(porter, check=False).returncode
        if code not in (PORTED, NEEDS_A_PERSON):
            sys.exit(f"porter migrate {repo} ended with {code}; nothing was scored.")
        flags += flags_of(repo.name, json.loads((out / "report.json").read_text(encoding="utf-8")))
    return flags


def flags_of(repo: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    """The places of a report that need a person: its manual and review findings, and what could not be read."""
    left = [finding for finding in report["findings"] if finding["verdict"] in FOR_A_PERSON]
    places = {(place["file"], place["line"]) for place in [*left, *report["problems"]]}
    return [{"repo": repo, "file": file, "line": line} for file, line in sorted(places)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals", type=Path, metavar="ORIGINALS")
    parser.add_argument("labels", type=Path, metavar="LABELS.jsonl")
    parser.add_argument("scorer", type=Path, metavar="SCORER.py")
    parser.add_argument("--target", default="mlu", help="npu or mlu [mlu]")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep the ports and flags there")
    arguments, others = parser.parse_known_args()
    arguments.options = others
    if not arguments.originals.is_dir():
        parser.error(f"there is no folder {arguments.originals}; name the one that holds the repos.")
    for file in (arguments.labels, arguments.scorer):
        if not file.is_file():
            parser.error(f"there is no file {file}.")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
