"""Compares the CPU time of porter with a bare parse, with ast-grep and with a script of regular expressions.

It is a benchmark and not a test: what it prints is read by a person. Every number is user and system time of a whole
process with all that it started, the least of several runs, so that start-up counts and a busy machine matters little.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from porter.checkout.source import open_checkout
from porter.checkout.text import decode
from porter.checkout.upstream import detect
from porter.checkout.walk import walk
from porter.errors import UndecodableError
from porter.packs.load import load
from porter.targets.catalog import resolve
from porter.triage import Triage

HERE = Path(__file__).resolve().parent
PACKAGE = "transformers==4.29.1"
TARGET = "mlu"


@dataclass(frozen=True)
class Contender:
    """One way to look at a tree: a command, what it reads on stdin, and a folder that must be gone before each run."""

    name: str
    command: list[str]
    stdin: bytes = b""
    makes: Path | None = None
    fine: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Goal:
    """`contender` is to cost at most `times` what `yardstick` costs."""

    contender: str
    yardstick: str
    times: float


SCAN, MIGRATE, PARSE, AST_GREP, REGEX = "porter scan", "porter migrate", "ast.parse", "ast-grep scan", "line regexes"
LIMITS = {PARSE: 3.0, AST_GREP: 1.0, REGEX: 1.0}
GOALS = [Goal(verb, yardstick, times) for verb in (SCAN, MIGRATE) for yardstick, times in LIMITS.items()]


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as folder:
        scratch = Path(folder)
        tree = _download(scratch) if arguments.download else Path(arguments.tree).resolve()
        chosen = candidates(tree)
        _say_what(tree, chosen, verbose=arguments.list)
        best = _race(contenders(tree, chosen, scratch), arguments.runs)
    _table(best)
    return 0


def candidates(tree: Path) -> list[Path]:
    """The Python files that porter's triage keeps: it parses these and no other."""
    target, _ = resolve(TARGET)
    with open_checkout(str(tree)) as checkout:
        triage = Triage(load(target, detect(checkout.root, checkout.origin.name)))
        python = [tree / entry.path for entry in walk(checkout.root) if entry.kind == "python" and entry.scan]
    return [file for file in python if _concerns(triage, file)]


def _concerns(triage: Triage, file: Path) -> bool:
    try:
        return triage.concerns(decode(file.read_bytes(), file.name).data)
    except UndecodableError:
        return False


def contenders(tree: Path, chosen: list[Path], scratch: Path) -> list[Contender]:
    """All that is measured, the yardsticks last."""
    porter = [sys.executable, "-m", "porter"]
    port, copy = scratch / "port", scratch / "copy"
    names = "\n".join(map(str, chosen)).encode()
    found = [
        Contender(SCAN, [*porter, "scan", str(tree), "--target", TARGET], fine=(0, 1)),
        Contender(
            MIGRATE, [*porter, "migrate", str(tree), "--target", TARGET, "--out", str(port)], makes=port, fine=(0, 1)
        ),
        Contender(PARSE, [sys.executable, str(HERE / "parse.py")], stdin=names),
        Contender(REGEX, [sys.executable, str(HERE / "line_regex.py"), str(tree), str(copy)], makes=copy),
    ]
    ast_grep = _ast_grep()
    if ast_grep is not None:
        rules = HERE / "ast-grep" / "sgconfig.yml"
        found.append(Contender(AST_GREP, [ast_grep, "scan", "--config", str(rules), str(tree)]))
    return found


def _race(field: list[Contender], runs: int) -> dict[str, float]:
    """The least CPU seconds of each; they take turns, so that a busy minute does not hit only one of them."""
    best: dict[str, float] = {}
    for turn in range(runs + 1):  # the first turn fills the caches and does not count
        for contender in field:
            seconds = _cpu_seconds(contender)
            if turn:
                best[contender.name] = min(seconds, best.get(contender.name, seconds))
        print(f"\rturn {turn} of {runs}", end="" if turn < runs else "\n\n", file=sys.stderr, flush=True)
    return best


def _cpu_seconds(contender: Contender) -> float:
    if contender.makes is not None:
        shutil.rmtree(contender.makes, ignore_errors=True)
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as said:
        stdin.write(contender.stdin)
        stdin.seek(0)
        started = subprocess.Popen(contender.command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        if started.returncode not in contender.fine:
            said.seek(0)
            complaint = said.read().decode(errors="replace").strip()
            sys.exit(f"{contender.name} ended with {started.returncode}: {complaint}")
    return used.ru_utime + used.ru_stime


def _table(best: dict[str, float]) -> None:
    yardsticks = [name for name in (PARSE, AST_GREP, REGEX) if name in best]
    print("| | CPU seconds |" + "".join(f" x {name} |" for name in yardsticks))
    print("|---|---:|" + "---:|" * len(yardsticks))
    for name, seconds in best.items():
        print(f"| {name} | {seconds:.2f} |" + "".join(f" {seconds / best[other]:.2f} |" for other in yardsticks))
    print()
    for goal in GOALS:
        if goal.yardstick in best:
            ratio = best[goal.contender] / best[goal.yardstick]
            verdict = "met" if ratio <= goal.times else "MISSED"
            print(f"- {goal.contender} at most {goal.times:g} x {goal.yardstick}: {ratio:.2f}, {verdict}")
    if AST_GREP not in best:
        print("- ast-grep is not installed (pip install 'porter[bench]'), so it was not compared")


def _say_what(tree: Path, chosen: list[Path], *, verbose: bool) -> None:
    every = sorted(tree.rglob("*.py"))
    size = sum(file.stat().st_size for file in chosen)
    print(f"{tree.name}: {len(every)} Python files; triage keeps {len(chosen)} ({size / 1e6:.1f} MB).")
    print(", ".join(f"{name} {_version(name)}" for name in ("porter", "libcst", "ast-grep-cli")), end=", ")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores\n")
    if verbose:
        print("".join(f"    {file.relative_to(tree)}\n" for file in chosen))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _ast_grep() -> str | None:
    beside = Path(sys.executable).parent / "ast-grep"
    return str(beside) if beside.is_file() else shutil.which("ast-grep")


def _download(scratch: Path) -> Path:
    """The unpacked source package, as pip gets it."""
    print(f"downloading {PACKAGE}", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "download"]
    subprocess.run([*pip, "--no-deps", "--no-binary", ":all:", "--dest", str(scratch), PACKAGE], check=True)
    archive = next(scratch.glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        unpack: Callable[..., None] = packed.extractall
        if hasattr(tarfile, "data_filter"):
            unpack(scratch, filter="data")
        else:
            unpack(scratch)
    return next(path for path in sorted(scratch.iterdir()) if path.is_dir())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("tree", nargs="?", help=f"an unpacked source tree, such as that of {PACKAGE}")
    which.add_argument("--download", action="store_true", help=f"get the source package {PACKAGE} with pip")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="the best of N runs [5]")
    parser.add_argument("--list", action="store_true", help="name the files that triage keeps")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be 1 or more.")
    if arguments.tree is not None and not Path(arguments.tree).is_dir():
        parser.error(f"there is no folder {arguments.tree}; name an unpacked source tree, or use --download.")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
