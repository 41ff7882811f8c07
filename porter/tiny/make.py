"""Makes a small model in a child process, and moves it to its place when it is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.harness.case import last_line, told
from porter.harness.child import Limits, run
from porter.tiny.order import Like, like

_PROBES = Path(__file__).resolve().parents[1] / "harness" / "probes"
_SURE = 0.005  # the loss of its least sure token: it answers the same when a script samples
_REST = 120  # seconds besides the lessons


@dataclass(frozen=True)
class Made:
    """A finished model."""

    folder: Path
    answers: Mapping[str, str]
    steps: int
    note: str
    loads: bool  # with transformers, as a checkpoint folder does


def make(name: str, place: Path, python: str, seconds: int, scratch: Path) -> Made:
    """The model at `place`, a folder that does not exist yet or is empty."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"{place} is already there; remove it, or name another folder with --out.")
    wanted = like(name, scratch)
    library = scratch / "lib"
    shutil.copytree(_PROBES, library / "porter_probes", ignore=shutil.ignore_patterns("__pycache__"))
    found = _asked(wanted, "recipe", {}, python, scratch, seconds)
    folder = scratch / "model"
    more = {**found, "folder": str(folder), "seconds": seconds, "sure": _SURE}
    answer = _asked(wanted, "tiny_model", more, python, scratch, seconds)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rmdir()
    shutil.move(folder, place)
    return Made(place, answer["answers"], answer["steps"], wanted.note, (place / "config.json").is_file())


def _asked(
    wanted: Like, probe: str, more: Mapping[str, Any], python: str, scratch: Path, seconds: int
) -> dict[str, Any]:
    asked, answered = scratch / f"{probe}.order", scratch / f"{probe}.answer"
    path = [str(wanted.tree / folder) for folder in wanted.order["path"]]
    order = {**wanted.order, **more, "probe": probe, "root": str(wanted.tree), "path": path}
    asked.write_text(json.dumps(order), encoding="utf-8")
    variables = {
        "PYTHONPATH": str(scratch / "lib"),
        "PORTER_PROBE_DEVICE": "cpu",
        "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",
    }
    command = [python, "-m", "porter_probes", str(asked), str(answered)]
    ended = run(command, wanted.tree, variables, scratch, Limits(seconds=seconds + _REST))
    if ended.hung:
        raise UsageError(f"The model was not made in {seconds + _REST} seconds; give it more with --seconds.")
    if not answered.is_file():
        raise UsageError(f"{python} made no model: {last_line(ended.err)}")
    answer: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
    if "not_runnable" in answer:
        raise UsageError(f"No small model can be made: {answer['not_runnable']}.")
    if "fault" in answer:
        raise UsageError(f"No small model can be made: {told(answer['fault'])}")
    return answer
