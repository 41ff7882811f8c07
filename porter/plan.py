"""The plan: all findings and edits of a checkout, made without writing or executing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from porter.checkout.source import Checkout
from porter.checkout.text import decode
from porter.checkout.upstream import detect
from porter.checkout.walk import Entry, walk
from porter.errors import UndecodableError, UsageError
from porter.findings import unread
from porter.model import Dependency, FilePlan, Finding, Plan, Problem, Target
from porter.packs.load import load
from porter.packs.pack import Pack
from porter.python.methods import own_methods
from porter.python.signatures import Files
from porter.targets.catalog import resolve
from porter.targets.surface import Surface
from porter.triage import Triage

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Choice:
    """What a person chose on the command line: which target, which rules."""

    target: str
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Context:
    """What planning a single file needs to know about everything else."""

    pack: Pack
    target: Target
    surface: Surface
    triage: Triage
    library: Files
    own_methods: dict[str, frozenset[str]]


def make_plan(checkout: Checkout, choice: Choice, progress: Progress | None = None) -> Plan:
    """Plan a whole checkout for a target."""
    target, surface = resolve(choice.target)
    entries = walk(checkout.root)
    pack = load(target, detect(checkout.root, checkout.origin.name), choice.rules).chosen(choice.only, choice.skip)
    context = _context(checkout, entries, pack, target, surface)
    return _plan(checkout, entries, context, progress)


def _context(checkout: Checkout, entries: list[Entry], pack: Pack, target: Target, surface: Surface) -> Context:
    triage = Triage(pack)
    python = [entry.path for entry in entries if entry.kind == "python" and entry.scan]
    library = Files(python, lambda path: _utf8(checkout.root / path))
    return Context(pack, target, surface, triage, library, own_methods(checkout.root, python, pack))


def _plan(checkout: Checkout, entries: list[Entry], context: Context, progress: Progress | None) -> Plan:
    from porter.artefacts import plan_artefact
    from porter.python.planner import plan_python

    files: list[FilePlan] = []
    problems: list[Problem] = []
    scannable = [entry for entry in entries if entry.scan]
    for index, entry in enumerate(scannable):
        if progress is not None:
            progress(index, len(scannable), entry.path)
        try:
            raw = (checkout.root / entry.path).read_bytes()
        except OSError as error:
            problems.append(
                Problem(
                    entry.path, 0, f"It cannot be read: {error.strerror}.", "Mend its permissions and run porter again."
                )
            )
            continue
        planner = plan_python if entry.kind == "python" else plan_artefact
        try:
            planned, trouble = planner(entry, raw, context)
        except UsageError:
            raise
        except Exception as error:  # one file must never stop the run; it is said, and the file stays as it is
            reason = f"A fault in porter itself: {type(error).__name__}: {error}."
            planned, trouble = unread(entry, raw, context, 1, reason, "Port the lines below by hand, and report this.")
        problems += trouble
        if planned is not None:
            files.append(planned)
    return Plan(
        origin=checkout.origin,
        target=context.target,
        packs=context.pack.uses,
        files=tuple(sorted(files, key=lambda file: file.path)),
        problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.line))),
        dependencies=_dependencies(files),
        notes=tuple(filter(None, [context.surface.caveat])),
        scanned=len(scannable),
        untouched=len(entries) - len(scannable),
    )


def _utf8(path: Path) -> bytes | None:
    try:
        return decode(path.read_bytes(), path.name).data
    except (OSError, UndecodableError):
        return None


def _dependencies(files: Iterable[FilePlan]) -> tuple[Dependency, ...]:
    """The packages that findings are about, with every place that declares or imports them."""
    places: dict[str, list[Finding]] = {}
    for finding in (f for file in files for f in file.findings if f.subject):
        places.setdefault(finding.subject, []).append(finding)
    return tuple(
        Dependency(name, tuple(f"{f.file}:{f.line}" for f in found), found[0].advice)
        for name, found in sorted(places.items())
    )
