"""The plan: all findings and edits of a checkout, made without writing or executing anything."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from porter.account import NO_VERDICT, NO_VERDICT_ADVICE, Detector
from porter.checkout.source import Checkout
from porter.checkout.text import decode
from porter.checkout.upstream import detect
from porter.checkout.walk import HUGE, Entry, walk
from porter.context import Context
from porter.dependencies import dependencies
from porter.errors import UndecodableError, UsageError
from porter.findings import unread
from porter.model import FilePlan, Plan, Problem
from porter.options.defined import may_define
from porter.own import own_files
from porter.packs.load import load, pack_paths, read_pack
from porter.packs.pack import Pack
from porter.packs.pins import declared
from porter.python.methods import own_methods
from porter.python.reading import is_manifest
from porter.python.signatures import Files
from porter.styles.open import open_style
from porter.styles.several import combined
from porter.styles.style import NATIVE, HelperSurface, check
from porter.targets.catalog import resolve
from porter.triage import Triage
from porter.weights import is_weights

if TYPE_CHECKING:
    from porter.cache.memory import Memory

_OVERLAY = (
    "The checkout is an installed package, and the port an overlay. With the port's folder first on PYTHONPATH Python "
    "takes the port; without it everything is as it was, for nothing was changed where the package is installed. Once "
    "another version of it is installed, port again."
)

Planned = tuple[FilePlan | None, list[Problem]]
Progress = Callable[[int, int, str], None]

# What a person writes by hand; a huge file of another kind is data.
_SOURCES = frozenset({"python", "shell", "makefile", "dockerfile", "cuda", "cpp", "toml", "ini", "requirements"})


@dataclass(frozen=True)
class Choice:
    """What a person chose on the command line: which target, which rules."""

    target: str
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    patches: tuple[Path, ...] = ()  # folders of patches besides those of the packs
    style: str = NATIVE
    beside: tuple[str, ...] = ()  # further targets that the same port serves
    docs: bool = False  # whether code blocks of documents are ported, too

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target, *self.beside)


@dataclass
class _Reading:
    """The files that may hold a site, read once, and what could not be read."""

    candidates: list[tuple[Entry, bytes]]
    problems: list[Problem]
    detector: Detector


@dataclass(frozen=True)
class Desk:
    """A checkout laid out to be planned: its files, those that may hold a site, and what is known about all."""

    checkout: Checkout
    entries: list[Entry]
    reading: _Reading
    context: Context


def make_plan(checkout: Checkout, choice: Choice, progress: Progress | None = None, cache: Path | None = None) -> Plan:
    """Plan a whole checkout for a target. With a folder `cache`, what was planned before and still holds is reused."""
    if check(choice.style) == NATIVE and choice.beside:
        raise UsageError("A port in the style native is for one target; make one for each, or choose --style agnostic.")
    made = [_for_one(checkout, each, progress, cache) for each in _turns(choice)]
    plans = [plan for plan, _ in made]
    if len(plans) == 1:
        return plans[0]
    one, detector = combined(plans), made[0][1]
    return replace(one, account=detector.account(one.files))


def _turns(choice: Choice) -> Iterator[Choice]:
    """The choice for each of its targets, with the others beside it."""
    for target in choice.targets:
        yield replace(choice, target=target, beside=tuple(each for each in choice.targets if each != target))


def _for_one(
    checkout: Checkout, choice: Choice, progress: Progress | None, cache: Path | None
) -> tuple[Plan, Detector]:
    from porter.cache.memory import Memory

    memory = Memory(cache, checkout.root, choice) if cache is not None else None
    with patient_collector():
        desk = lay_out(checkout, choice, memory)
        plan = _plan(desk, progress, memory)
    if memory is not None:
        memory.save()
    plan, style = _patched(plan, checkout, choice), desk.context.style
    return plan if style is None else style.finished(plan), desk.reading.detector


def lay_out(checkout: Checkout, choice: Choice, memory: Memory | None = None) -> Desk:
    """Read what planning any single file of the checkout needs."""
    target, surface = resolve(choice.target)
    own = own_files(checkout.root)
    everything = list(walk(checkout.root))
    entries = [entry for entry in everything if entry.path not in own]
    style = None
    if check(choice.style) != NATIVE:
        sheets = [surface.sheet, *(resolve(each)[1].sheet for each in choice.beside)]
        style = open_style(checkout.root, everything, target, sheets)
        entries = [entry for entry in entries if not style.earlier or entry.path != style.home.path]
        surface = HelperSurface(surface.sheet, surface.release, style.alias, target.title)
    upstream = detect(checkout.root, checkout.origin.name, map(read_pack, pack_paths(choice.rules).values()))
    pack = load(target, upstream, choice.rules, style.alias if style else "").chosen(choice.only, choice.skip)
    triage = Triage(pack)
    if memory is not None:
        memory.rules(pack, target, style, docs=choice.docs)
    reading = _read(checkout.root, entries, triage, memory)
    library, methods = _library(checkout.root, entries), _own_methods(reading, pack)
    return Desk(
        checkout, entries, reading, Context(pack, target, surface, triage, library, methods, style, choice.docs)
    )


@contextmanager
def patient_collector() -> Iterator[None]:
    """Trees are many objects without cycles that die together: the collector would walk them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _patched(plan: Plan, checkout: Checkout, choice: Choice) -> Plan:
    """The plan with what a person keeps as patches, since no rule can say it."""
    from porter.patches.apply import folders, patched

    for folder in choice.patches:
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder of patches.")
    places = folders(pack_paths(choice.rules), [use.name for use in plan.packs])
    places += [(folder.name, folder) for folder in choice.patches]
    return patched(plan, checkout.root, places) if places else plan


def _read(root: Path, entries: list[Entry], triage: Triage, memory: Memory | None = None) -> _Reading:
    reading = _Reading([], [], Detector())
    for entry in entries:
        if not entry.scan:
            if entry.size > HUGE and entry.kind in _SOURCES:
                reason = f"It has {entry.size // 1_000_000} MB, too much for a source file, and was not looked at."
                reading.problems.append(Problem(entry.path, 0, reason, "Look for accelerators in it by hand."))
            continue
        try:
            raw = (root / entry.path).read_bytes()
        except OSError as error:
            reason = f"It cannot be read: {error.strerror}."
            reading.problems.append(Problem(entry.path, 0, reason, "Mend its permissions and run porter again."))
            continue
        reading.detector.look(entry.path, entry.kind, raw)
        concerns = memory.concerns(entry, raw) if memory is not None else None
        if concerns is None:
            concerns = entry.kind != "python" or is_manifest(entry.path) or triage.concerns(raw)
            if memory is not None:
                memory.learn(entry, concerns)
        if concerns:
            reading.candidates.append((entry, raw))
    return reading


def _library(root: Path, entries: list[Entry]) -> Files:
    return Files([e.path for e in entries if e.kind == "python" and e.scan], lambda path: _utf8(root / path))


def _own_methods(reading: _Reading, pack: Pack) -> dict[str, frozenset[str]]:
    return own_methods((raw for entry, raw in reading.candidates if entry.kind == "python"), pack)


def _plan(desk: Desk, progress: Progress | None, memory: Memory | None = None) -> Plan:
    files: list[FilePlan] = []
    problems = list(desk.reading.problems)
    for index, (entry, raw) in enumerate(sorted(desk.reading.candidates, key=turn)):
        if progress is not None:
            progress(index, len(desk.reading.candidates), entry.path)
        if memory is not None:
            planned, trouble = memory.planned(entry, raw, desk.context, plan_file)
        else:
            planned, trouble = plan_file(entry, raw, desk.context)
        problems += trouble
        if planned is not None:
            files.append(planned)
    files.sort(key=lambda file: file.path)
    account = desk.reading.detector.account(files)
    problems += [Problem(path, line, NO_VERDICT, NO_VERDICT_ADVICE) for kind in account for path, line in kind.missing]
    scanned = sum(entry.scan for entry in desk.entries)
    context = desk.context
    return Plan(
        origin=desk.checkout.origin,
        target=context.target,
        packs=context.pack.uses,
        docs=context.docs,
        files=tuple(files),
        problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.line))),
        dependencies=dependencies(files, context.target),
        pins=declared(desk.checkout.root, desk.entries),
        notes=tuple(
            filter(
                None,
                [
                    *context.surface.notes,
                    _earlier(desk.checkout.root),
                    _weights(desk.entries),
                    _OVERLAY * desk.checkout.overlay,
                ],
            )
        ),
        scanned=scanned,
        untouched=len(desk.entries) - scanned,
        account=account,
    )


def plan_file(entry: Entry, raw: bytes, context: Context) -> Planned:
    """The plan of one file, and what could not be read in it."""
    from porter.artefacts import plan_artefact
    from porter.python.planner import plan_python

    try:
        return (plan_python if entry.kind == "python" else plan_artefact)(entry, raw, context)
    except UsageError:
        raise
    except Exception as error:  # one file must never stop the run; it is said, and the file stays as it is
        reason = f"A fault in porter itself: {type(error).__name__}: {error}."
        return unread(entry, raw, context, 1, reason, "Port the lines below by hand, and report this.")


def _earlier(root: Path) -> str:
    own = own_files(root)
    said = f"{len(own)} files of an earlier port, as its lock names them, were left out: porter wrote them."
    return said if own else ""


def _weights(entries: list[Entry]) -> str:
    found = [entry.size for entry in entries if is_weights(entry.path, entry.size)]
    if not found:
        return ""
    return (
        f"Large files of weights are not looked at: {len(found)}, {sum(found) / 1e9:.1f} GB. A port in a folder "
        "shares them and copies no byte where the disk allows it: by a clone, else a hard link, else a link. "
        "Unless they are clones, what writes over them in the port writes over the checkout's too."
    )


def turn(candidate: tuple[Entry, bytes]) -> int:
    """Programs that define options first, then what may pass one: other programs, and files that are no Python."""
    entry, raw = candidate
    return 2 if entry.kind != "python" else 0 if may_define(raw) else 1


def _utf8(path: Path) -> bytes | None:
    try:
        return decode(path.read_bytes(), path.name).data
    except (OSError, UndecodableError):
        return None
