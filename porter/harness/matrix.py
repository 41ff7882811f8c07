"""Runs the checks with other versions of transformers: the repository's pin, the newest it allows, the newest there is.

Each version lies in a folder of its own over the same torch. Only pip needs the network, and only here.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from porter.harness.evidence import Evidence
from porter.harness.result import RED, Outcome, Result
from porter.harness.verify import Wish, verify

PACKAGE = "transformers"
CHECKS = ("forward", "generate", "chat-thread", "known-answers")
NAME = "matrix"
PROVES = "The checks named in its rows end so with that version of transformers."
CANNOT = "Other versions, and versions of other packages."

_DECLARED = re.compile(
    rf"""(?:^\s*(?:-\s+)?|["']){PACKAGE}(?:\[[^\]]*\])?\s*(?P<pins>(?:[<>=!~]=?=?\s*[\w.*]+\s*,?\s*)*)(?:["'#;\s]|$)"""
)
_FILES = ("requirements*.txt", "requirements/*.txt", "pyproject.toml", "setup.py", "setup.cfg", "environment*.y*ml")
_SECONDS = 600  # for pip


@dataclass(frozen=True)
class Version:
    """A version to be tried, and what it is to the repository."""

    number: str
    role: str


def with_matrix(evidence: Evidence, wish: Wish, say: Callable[[str], None]) -> Evidence:
    """The evidence with a row for each version."""
    checks = {**evidence.checks, NAME: (PROVES, CANNOT)}
    return replace(evidence, checks=checks, results=(*evidence.results, *rows(wish, say)))


def rows(wish: Wish, say: Callable[[str], None]) -> Iterator[Result]:
    """One result for each version."""
    pins = declared(wish.original or wish.port)
    with tempfile.TemporaryDirectory(prefix="porter-matrix-", ignore_cleanup_errors=True) as scratch:
        found, refused = _versions(wish.python, pins, Path(scratch))
        for why in refused:
            yield Result(NAME, PACKAGE, Outcome.NOT_APPLICABLE, why)
        for version in found:
            yield _row(wish, version, Path(scratch), say)


def declared(root: Path) -> str:
    """What the repository says of the version, as pip writes it: `==4.29.1`, `>=4.30,<5`, or nothing."""
    for pattern in _FILES:
        for path in sorted(root.glob(pattern)):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                told = _DECLARED.search(line)
                if told and told["pins"]:
                    return re.sub(r"\s", "", told["pins"]).rstrip(",")
    return ""


def own_pin(pins: str) -> str:
    """The version that the repository was written with: an exact pin, else the lowest that it allows."""
    told = re.search(r"(?:===?|~=|>=)([\w.]*\w)(?!\.?\*)", pins)
    return told[1] if told else ""


def _versions(python: str, pins: str, scratch: Path) -> tuple[list[Version], list[str]]:
    """Three versions, or fewer where they are the same."""
    asked = [(f"{PACKAGE}=={own_pin(pins)}", "the repository's pin")] if own_pin(pins) else []
    asked += [(f"{PACKAGE}{pins}", "the newest that its pins allow")] if pins else []
    asked += [(PACKAGE, "the newest there is")]
    roles: dict[str, str] = {}
    refused = []
    for wanted, role in asked:
        number, why = _resolved(python, wanted, scratch)
        if number:
            roles[number] = f"{roles[number]}, {role}" if number in roles else role
        else:
            refused.append(f"{wanted} ({role}): {why}")
    return [Version(number, role) for number, role in roles.items()], refused


def _resolved(python: str, wanted: str, scratch: Path) -> tuple[str, str]:
    """The version that pip would take; or why it takes none."""
    report = scratch / "report.json"
    report.unlink(missing_ok=True)
    options = ["--dry-run", "--no-deps", "--ignore-installed", "--report", str(report)]
    why = _pip(python, [*options, wanted])
    if why or not report.is_file():
        return "", why or "pip said nothing."
    installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    return str(installed[0]["metadata"]["version"]), ""


def _row(wish: Wish, version: Version, scratch: Path, say: Callable[[str], None]) -> Result:
    subject = f"{PACKAGE} {version.number} ({version.role})"
    folder = scratch / version.number
    say(f"{NAME}: installing {PACKAGE} {version.number}, which needs the network")
    why = _pip(wish.python, ["--target", str(folder), f"{PACKAGE}=={version.number}"])
    if why:
        return Result(NAME, subject, Outcome.NOT_APPLICABLE, f"pip cannot install it: {why}")
    path = ":".join(filter(None, [str(folder), wish.pythonpath]))
    chosen = tuple(name for name in wish.only if name in CHECKS) or CHECKS
    with_it = replace(wish, pythonpath=path, only=chosen, commands=(), ran=False)
    results = verify(with_it, lambda said: say(f"{NAME}: {PACKAGE} {version.number}: {said}")).results
    told = ", ".join(f"{r.check} {r.outcome.value}" for r in results if r.outcome is not Outcome.NOT_APPLICABLE)
    notes = tuple(f"{r.check}, {r.subject}: {r.detail}" for r in results if r.outcome is not Outcome.PASS)
    return Result(NAME, subject, _whole(results), f"{told or 'No check applies'}.", notes)


def _whole(results: tuple[Result, ...]) -> Outcome:
    """Red if one is red; green if one is green and the others do not apply; else what is missing."""
    outcomes = [result.outcome for result in results]
    for outcome in (*RED, Outcome.REFERENCE, Outcome.NEEDS_DEVICE, Outcome.PASS):
        if outcome in outcomes:
            return outcome
    return Outcome.NOT_APPLICABLE


def _pip(python: str, words: list[str]) -> str:
    """Why pip did not do it; "" when it did."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}."
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else (lines[-1] if lines else f"exit code {done.returncode}")[:300]
