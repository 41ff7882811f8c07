"""Bumps ports over real history and measures what came of it: `python bench/bumps.py --repos DIR` prints the table.

DIR has a clone of each repository below under its name; for transformers the two unpacked releases. Nothing of them is
part of porter. For each pair the port of the older commit gets four changes by hand (a line at the end of a file, a
remark on a line that upstream then changes, a new file, a deleted one), is bumped, and is compared with a port that is
made from the newer commit directly.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAIRS = [
    ("Baichuan-7B", "43b2ca1", "c4b885f"),
    ("Baichuan-7B", "c4b885f", "f9dc32d"),
    ("ChatGLM2-6B", "9edf43f", "08ffab9"),
    ("ChatGLM2-6B", "08ffab9", "3444756"),
    ("ChatGLM2-6B", "0a499b7", "3be48aa"),
    ("ChatGLM2-6B", "3be48aa", "a33cb4f"),
    ("FastChat", "1a24b966", "68d1fdcc"),
    ("FastChat", "6990e94f", "052cb65a"),
    ("FastChat", "2fbfcbc4", "c685951d"),
    ("FastChat", "707d9ba8", "97065ff7"),
    ("transformers", "4.29.1", "4.36.2"),
]
WORD = re.compile(r"cuda|nccl|CUDA|NCCL")
OWN = {"porter.lock", "report.md", "report.json", "bump.md"}
TARGET = "npu"


@dataclass
class Row:
    """What one bump came to."""

    name: str
    files: int = 0
    lines: tuple[int, int] = (0, 0)  # upstream's lines with a word of CUDA: removed, added
    moved: dict[str, int] = field(default_factory=dict)
    same: bool = False
    rejected: tuple[int, int] = (0, 0)  # hunks of the old port's patch that do not apply to the new upstream, of all
    hand: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    print("| upstream | files | CUDA lines | drift | as a fresh port | old patch | by hand |")
    print("|---|---:|---|---|---|---|---|")
    for name, old, new in PAIRS:
        if given.only in name:
            print(_row(measure(given.repos, name, old, new)), flush=True)


def measure(repos: Path, name: str, old: str, new: str) -> Row:
    with tempfile.TemporaryDirectory(prefix="porter-bumps-") as scratch:
        folder = Path(scratch)
        before, after = (_checked_out(repos, name, revision, folder / revision) for revision in (old, new))
        row = Row(f"{name} {old} → {new}")
        row.files, row.lines, changed = _upstream(before, after)
        way = ["--from", str(before), "--to", str(after)]
        port, fresh = folder / "port", folder / "fresh"
        porter("migrate", before, "--target", TARGET, "--out", port)
        porter("migrate", after, "--target", TARGET, "--out", fresh)
        row.rejected = _replayed(before, port, after, folder)
        drift = json.loads(porter("bump", port, *way, "--format", "json").partition("\n\nPort:")[0])
        row.moved = {kind: sum(e["kind"] == kind for e in drift["entries"]) for kind in _kinds(drift)}
        row.same = not _differences(port, fresh)
        shutil.rmtree(port)
        porter("migrate", before, "--target", TARGET, "--out", port)
        row.hand = list(_by_hand(port, before, after, changed, way))
        return row


def porter(*words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "porter", *map(str, words)], capture_output=True, text=True, check=False
    )
    if done.returncode > 1:
        raise SystemExit(done.stderr)
    return done.stdout


def _checked_out(repos: Path, name: str, revision: str, to: Path) -> Path:
    """A plain folder with the files of a revision."""
    if (repos / f"{name}-{revision}").is_dir():
        shutil.copytree(repos / f"{name}-{revision}", to, symlinks=True)
        return to
    to.mkdir()
    git = ["git", "-C", repos / name]
    listed = subprocess.run([*git, "ls-tree", "-r", "-z", revision], capture_output=True, check=True).stdout
    blobs = [line.split(b"\t", 1) for line in listed.split(b"\0") if b" blob " in line]
    asked = b"\n".join(head.split()[2] for head, _ in blobs)
    # A stored copy may lack big pictures; what is not there is left out of both sides.
    told = subprocess.run([*git, "cat-file", "--batch-check"], input=asked, capture_output=True, check=True).stdout
    missing = {line.split()[0] for line in told.splitlines() if line.endswith(b" missing")}
    out = [b":(exclude,literal)" + path for head, path in blobs if head.split()[2] in missing]
    archive = subprocess.run([*git, "archive", revision, "--", ".", *out], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", to], input=archive, check=True)
    return to


def _upstream(before: Path, after: Path) -> tuple[int, tuple[int, int], dict[str, list[str]]]:
    """What upstream did: files, lines that name CUDA, and of each file the lines of the old one that it changed."""
    told = subprocess.run(
        ["git", "diff", "--no-index", "--no-color", "-U0", "--no-renames", before, after],
        capture_output=True,
        check=False,
    ).stdout.decode("utf-8", "replace")
    files = told.count("\ndiff --git ") + told.startswith("diff --git ")
    lines = [line for line in told.splitlines() if not line.startswith(("+++", "---"))]
    counts = tuple(sum(line.startswith(sign) and bool(WORD.search(line)) for line in lines) for sign in "-+")
    changed: dict[str, list[str]] = {}
    path = ""
    for line in told.splitlines():
        if line.startswith("--- "):
            path = line.partition(f"{before.name}/")[2]
        elif line.startswith("-") and path:
            changed.setdefault(path, []).append(line[1:])
    return files, (counts[0], counts[1]), changed


def _replayed(before: Path, port: Path, after: Path, folder: Path) -> tuple[int, int]:
    """The other way: the old port as a patch onto the new upstream."""
    a, b = folder / "a", folder / "b"
    shutil.copytree(before, a, symlinks=True)
    shutil.copytree(port, b, symlinks=True, ignore=lambda *_: OWN)
    patch = subprocess.run(
        ["git", "diff", "--no-index", "--no-color", "--text", "a", "b"], cwd=folder, capture_output=True, check=False
    ).stdout
    onto = folder / "onto"
    shutil.copytree(after, onto, symlinks=True)
    rejected = 0
    for one in re.split(rb"(?m)^(?=diff --git )", patch)[1:]:
        done = subprocess.run(
            ["git", "apply", "-p2", "--reject", "-"], cwd=onto, input=one, capture_output=True, check=False
        )
        hunks = len(re.findall(rb"(?m)^@@ ", one))
        found = len(re.findall(rb"Rejected hunk", done.stderr))
        rejected += hunks if done.returncode and not found else found
    for folder_ in (a, b, onto):
        shutil.rmtree(folder_)
    return rejected, len(re.findall(rb"(?m)^@@ ", patch))


def _differences(one: Path, other: Path) -> list[str]:
    def files(root: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and path.relative_to(root).parts[0] not in OWN
        }

    a, b = files(one), files(other)
    return sorted(path for path in a.keys() | b.keys() if a.get(path) != b.get(path))


def _kinds(drift: dict[str, list[dict[str, str]]]) -> list[str]:
    return sorted({entry["kind"] for entry in drift["entries"]})


def _by_hand(port: Path, before: Path, after: Path, changed: dict[str, list[str]], way: list[str]) -> Iterator[str]:
    lock = json.loads((port / "porter.lock").read_text(encoding="utf-8"))
    same = {path for path in lock["tree"] if _bytes(before / path) == _bytes(after / path) is not None}
    calm = next((path for path in sorted(lock["files"]) if path in same and path.endswith(".py")), "")
    mine = "# a line of my own\n"
    if calm:
        with (port / calm).open("a", encoding="utf-8") as file:
            file.write(mine)
    hot, line = _line_that_changes(port, before, changed)
    if hot:
        text = (port / hot).read_text(encoding="utf-8")
        (port / hot).write_text(text.replace(line, f"{line}  # by hand", 1), encoding="utf-8")
    (port / "mine.py").write_text("x = 1\n", encoding="utf-8")
    gone = next(path for path in sorted(same) if path not in {calm, hot} | OWN)
    (port / gone).unlink()
    drift = json.loads(porter("bump", port, *way, "--format", "json").partition("\n\nPort:")[0])
    conflicts = [entry for entry in drift["entries"] if entry["kind"] == "conflict"]
    if calm:
        yield "line kept" if (port / calm).read_text(encoding="utf-8").endswith(mine) else "LINE LOST"
    if hot:
        there = [
            p for p in port.rglob("*") if p.is_file() and "# by hand" in p.read_text(encoding="utf-8", errors="ignore")
        ]
        listed = any(c["file"] == str(there[0].relative_to(port)) for c in conflicts) if there else False
        yield "remark in a listed conflict" if listed else "remark merged" if there else "REMARK LOST"
    yield "new file kept" if (port / "mine.py").read_text(encoding="utf-8") == "x = 1\n" else "NEW FILE LOST"
    yield "deleted file stays away" if not (port / gone).exists() else "DELETED FILE IS BACK"


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _line_that_changes(port: Path, before: Path, changed: dict[str, list[str]]) -> tuple[str, str]:
    """A line of the port that upstream changes: one that porter left as it was, once in its file."""
    for path, lines in sorted(changed.items()):
        if path.endswith(".py") and (port / path).is_file() and (before / path).is_file():
            text = (port / path).read_text(encoding="utf-8")
            for line in lines:
                if len(line.strip()) > 12 and text.count(line) == 1 and not line.rstrip().endswith(("\\", '"""')):
                    return path, line
    return "", ""


def _row(row: Row) -> str:
    moved = ", ".join(f"{amount} {kind}" for kind, amount in row.moved.items()) or "nothing"
    return (
        f"| {row.name} | {row.files} | {row.lines[0]} removed, {row.lines[1]} added | {moved} | "
        f"{'same bytes' if row.same else 'DIFFERS'} | {row.rejected[0]} of {row.rejected[1]} hunks fail | "
        f"{'; '.join(row.hand)} |"
    )


if __name__ == "__main__":
    main()
