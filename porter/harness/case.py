"""All that a check may ask about: the port, its lock, its sources, and the stage to run probes on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from porter.harness.candidates import Candidates, Model
from porter.harness.handwork import Handwork, handwork
from porter.harness.replan import Replan, replan
from porter.harness.result import Outcome
from porter.harness.sources import Source, read
from porter.harness.stage import ORIGINAL, PORT, Answer, Stage
from porter.harness.told import models
from porter.lock import Lock
from porter.settings import Verify
from porter.targets.catalog import resolve

_NO_MEMBER = re.compile(r"module '([\w.]+)' has no attribute '(\w+)'")
_SIMULATOR = re.compile(r"^porter\.sim: (.+)$", re.MULTILINE)  # a sentence of its own, then the process ends
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
NO_ORIGINAL = "There is nothing to compare with: name the checkout that the port was made from with --original."


@dataclass
class Case:
    """One port under examination. What several checks need is found once."""

    stage: Stage
    lock: Lock
    commands: tuple[str, ...] = ()
    settings: Verify = field(default_factory=Verify)
    _recipes: dict[str, Answer] = field(default_factory=dict)
    _answers: dict[str, tuple[Answer, Answer]] = field(default_factory=dict)

    @cached_property
    def replan(self) -> Replan:
        return replan(self.stage.port, self.lock)

    @cached_property
    def sources(self) -> list[Source]:
        return read(self.stage.port)

    @cached_property
    def handwork(self) -> Handwork:
        return handwork(self.stage.port, self.stage.original, self.lock, tuple(self.settings.meant))

    @cached_property
    def models(self) -> list[Model]:
        return self._found.tried

    @cached_property
    def models_left_out(self) -> list[str]:
        return self._found.left_out

    @property
    def how_many_left_out(self) -> str:
        return self._found.how_many_left_out

    @cached_property
    def _found(self) -> Candidates:
        return models(self.sources, self.settings, self.lock.files)

    def recipe(self, model: Model) -> Answer:
        """What the reference takes as input and can do: asked of the original on simulated CUDA, once."""
        if model.subject not in self._recipes:
            self._recipes[model.subject] = self.stage.probe(ORIGINAL, "recipe", model.order)
        return self._recipes[model.subject]

    def both(self, probe: str, order: Mapping[str, Any], threads: str = "", devices: int = 0) -> tuple[Answer, Answer]:
        """The same probe on the original and on the port, side by side, once; `threads` is the port's rule."""
        from concurrent.futures import ThreadPoolExecutor

        known = json.dumps([probe, order, threads, devices], sort_keys=True)
        if known not in self._answers:
            places = [self.stage.library, *map(self.stage.tree, (ORIGINAL, PORT))]  # made here, not by both threads
            assert all(place.is_dir() for place in places)
            with ThreadPoolExecutor(2) as pool:
                first = pool.submit(self.stage.probe, ORIGINAL, probe, order, "", devices)
                second = pool.submit(self.stage.probe, PORT, probe, order, threads, devices)
                self._answers[known] = first.result(), second.result()
        return self._answers[known]

    def gap(self, said: str) -> str:
        """What only the simulator lacks: names that the target's version has, and what the simulator says it lacks."""
        if "is not simulated" in said or "not simulated on" in said:
            return "The simulated device cannot do this"
        told = _NO_MEMBER.search(said)
        dotted = f"{told[1]}.{told[2]}" if told else ""
        sheet = resolve(f"{self.lock.target.name}@{self.lock.target.version}")[1].sheet
        known = [entry.to for entry in (*sheet.names.values(), *sheet.modules.values()) if not entry.missing]
        if dotted and any(f"{name}.".startswith(f"{dotted}.") for name in known):
            return f"The simulated device lacks {dotted}, which the real one has"
        return ""

    def leftovers(self, answer: Mapping[str, Any]) -> list[str]:
        """The places of a trace where the port's own lines asked for CUDA and porter did not mean them to."""
        return sorted({self.leftover(at, what) for at, what in _leftovers(answer) if not self.excused(at, what)})

    def open_variables(self, answer: Mapping[str, Any]) -> list[str]:
        """The places of a trace where a variable of CUDA is set that porter left to a person: it does no harm."""
        rows = {row for row in _leftovers(answer) if self.excused(*row) and not self.replan.kept(row[0])}
        return sorted(self.leftover(*row) for row in rows)

    def excused(self, place: str, what: str) -> bool:
        """Whether it is no fault: porter kept it for a reason, or told of a variable that does nothing here."""
        said = _VARIABLE.fullmatch(what) and self.replan.left_to_a_person(place)
        return bool(self.replan.kept(place) or said)

    def leftover(self, place: str, what: str) -> str:
        """One of them, as a sentence."""
        left = self.replan.left_to_a_person(place)
        use = "asks for CUDA" if what == "CUDA was asked for" else f"uses {what}"
        return f"{place} {use}" + (f" (porter left it to a person, {left})" if left else "")


def _leftovers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(row["at"], row["what"]) for row in answer.get("places", {}).get("leftovers", [])]


def trouble(case: Case, answer: Answer, what: str) -> tuple[Outcome, str] | None:
    """Why there is no data in an answer; nothing when there is."""
    ended = answer.ended
    if ended.hung:
        return Outcome.HANG, f"{what} was not done after {ended.seconds:.0f} s and was stopped."
    if ended.out_of_memory or answer.data.get("fault", {}).get("type") == "MemoryError":
        return Outcome.FAIL, f"{what} used more memory than it may."
    refused = _SIMULATOR.search(ended.err) if ended.code or "fault" in answer.data else None
    if refused:
        return Outcome.NEEDS_DEVICE, f"{what} cannot be simulated here: {refused[1]}"
    if "not_runnable" in answer.data:
        return Outcome.NOT_APPLICABLE, f"{what} cannot be tried: {answer.data['not_runnable']}."
    gap = case.gap(answer.data["fault"]["message"]) if "fault" in answer.data else ""
    if gap:
        return Outcome.NEEDS_DEVICE, f"{gap}: {told(answer.data['fault'])}"
    if "fault" in answer.data:
        return Outcome.FAIL, f"{what}: {told(answer.data['fault'])}"
    if not answer.data:
        return Outcome.FAIL, f"{what} ended with exit code {ended.code}: {last_line(ended.err)}"
    return None


def told(fault: Mapping[str, Any]) -> str:
    """A fault as a sentence with its line."""
    where = f"{fault['at']} " if fault.get("at") else ""
    said = fault["message"].rstrip(".")
    code = f" (`{fault['code']}`)" if fault.get("code") else ""
    return f"{where}{fault['type']}: {said}{code}."


def last_line(text: str) -> str:
    """The last line that says something, of what a process printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it printed nothing"
