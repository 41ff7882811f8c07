"""Ports of the fixtures, made once for a session, and what a port with a bug in it is."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porter.cli import porter
from porter.harness.result import Result

FIXTURES = Path(__file__).parents[2] / "fixtures"

# The harness needs torch. Without it there is nothing to test here, but CI installs it and must not pass by skipping.
if importlib.util.find_spec("torch") is None and "CI" not in os.environ:
    collect_ignore_glob = ["*"]

Port = Callable[[str, str], Path]
Verify = Callable[..., list[Result]]


def original(case: str) -> Path:
    return FIXTURES / case / "in"


def migrate(checkout: Path, target: str, out: Path) -> Path:
    porter.main(["migrate", str(checkout), "-t", target, "--out", str(out), "-q"], standalone_mode=False)
    return out


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Port:
    """port("minimal-gpt", "npu"): the folder of that port. Not to be written into."""
    made: dict[tuple[str, str], Path] = {}

    def of(case: str, target: str) -> Path:
        if (case, target) not in made:
            made[case, target] = migrate(original(case), target, tmp_path_factory.mktemp("ports") / f"{case}-{target}")
        return made[case, target]

    return of


@pytest.fixture
def verify() -> Verify:
    """verify(port, original, only=("forward",), …): the results."""
    from porter.harness.child import Limits
    from porter.harness.verify import Wish
    from porter.harness.verify import verify as run

    def of(
        folder: Path, beside: Path | None, *only: str, seconds: int = 120, memory: int = 8 * 2**30, **more: Any
    ) -> list[Result]:
        command = more.pop("command", "")
        more_of = {**more, "commands": (command,)} if command else more
        wish = Wish(folder, beside, only=only, limits=Limits(seconds, memory), **more_of)
        return list(run(wish, lambda _: None).results)

    return of


@pytest.fixture
def seeded(port: Port, tmp_path: Path) -> Callable[..., tuple[Path, str]]:
    """seeded("minimal-gpt", "npu", file, old, new): a port with that bug, and the place of it as `file:line`."""

    def of(case: str, target: str, file: str, old: str, new: str) -> tuple[Path, str]:
        folder = tmp_path / "seeded"
        shutil.copytree(port(case, target), folder)
        return folder, seed(folder / file, old, new, file)

    return of


def seed(path: Path, old: str, new: str, shown: str) -> str:
    """Puts a bug where `old` stands; the line that it is on afterwards."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return f"{shown}:{text[: text.index(old)].count(chr(10)) + 1}"
