"""The examples of rules, run: each text before must become the text after, twice, and what is ignored must stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from porter.checkout.kind import kind_of
from porter.checkout.walk import Entry
from porter.model import FilePlan, Verdict
from porter.packs.load import Upstream, load, optional, pack_paths, read_pack
from porter.packs.pack import Pack
from porter.packs.rule import Rule
from porter.python.methods import own_methods
from porter.python.reading import is_manifest
from porter.python.signatures import Files
from porter.targets.catalog import resolve
from porter.triage import Triage
from porter.vocabulary import vocabulary

if TYPE_CHECKING:
    from porter.context import Context


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not hold."""

    rule: str
    pack: str
    what: str
    text: str
    got: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Trial:
    """How the examples of a pack came out."""

    rules: int
    examples: int
    failures: tuple[Failure, ...]


def try_pack(target: str, extra: Iterable[Path] = ()) -> Trial:
    """Run every example that a target's pack has or inherits, those of the upstream and optional packs included."""
    extra = tuple(extra)
    chosen, surface = resolve(target)
    upstreams = sorted(
        {file.upstream for path in pack_paths(extra).values() for file in [read_pack(path)] if file.upstream}
    )
    rules, examples, failures, seen = 0, 0, list[Failure](), set[tuple[str, str]]()
    ways = [(Upstream(), extra), *((Upstream(name), extra) for name in upstreams)]
    for upstream, asked in (*ways, *((Upstream(), (*extra, Path(name))) for name in optional())):
        pack = load(chosen, upstream, asked)
        context = _context(pack, chosen, surface)
        for rule in pack.rules:
            if (rule.id, pack.home[rule.id]) not in seen:  # an upstream's pack may have a rule of its own under the id
                seen.add((rule.id, pack.home[rule.id]))
                rules += 1
                examples += len(rule.examples) + len(rule.ignores)
                failures += _try_rule(rule, pack, context)
    return Trial(rules, examples, tuple(failures))


def planned_text(target: str, text: str, file: str = "example.py") -> FilePlan | None:
    """The plan of a single text, with the rules that hold for a target everywhere."""
    chosen, surface = resolve(target)
    return _plan(file, text, _context(load(chosen), chosen, surface))


def try_style(target: str) -> Trial:
    """The same for the rules of the agnostic style on a target, for a repository with and without a floor of torch."""
    from porter.context import Context
    from porter.styles.home import NAMES, Home
    from porter.styles.style import AGNOSTIC, Agnostic, HelperSurface

    chosen, names = resolve(target)
    style = Agnostic(chosen, (), Home(NAMES[0], "", "", {}))
    surface = HelperSurface(names.sheet, names.release, style.alias, chosen.title)
    rules, examples, failures = 0, 0, list[Failure]()
    for floor in ("", ">=2.9"):
        pack = load(chosen, Upstream(requires={"torch": floor} if floor else {}), (), style.alias)
        context = Context(pack, chosen, surface, Triage(pack), Files([], lambda _: None), {}, style)
        for rule in pack.rules:
            if pack.home[rule.id] == AGNOSTIC and bool(rule.applies.floor) == bool(floor):
                rules += 1
                examples += len(rule.examples) + len(rule.ignores)
                failures += _try_rule(rule, pack, context)
    return Trial(rules, examples, tuple(failures))


def _context(pack: Pack, target: object, surface: object) -> Context:
    from porter.context import Context

    return Context(pack, target, surface, Triage(pack), Files([], lambda _: None), {})  # type: ignore[arg-type]


def _try_rule(rule: Rule, pack: Pack, context: Context) -> Iterator[Failure]:
    home = pack.home[rule.id]
    for example in rule.examples:
        if not all(_mirrored(name, context) for name in example.needs) or (example.needs_torch and not _torch()):
            continue
        planned = _plan(example.file, example.before, context)
        wanted = example.before if example.after is None else example.after
        got = planned.ported.decode() if planned else example.before
        if got != wanted:
            yield Failure(rule.id, home, "the text after is not as the example says", example.before, got, wanted)
        elif not planned or not any(finding.rule == rule.id for finding in planned.findings):
            yield Failure(
                rule.id, home, "the rule does not report a site in its own example", example.before, got, wanted
            )
        elif _plan_changes(example.file, got, context):
            yield Failure(
                rule.id,
                home,
                "a second run changes the text again",
                got,
                _plan_changes(example.file, got, context),
                got,
            )
    for text in rule.ignores:
        planned = _plan("example.py", text, context)
        if planned and planned.changed:
            got = planned.ported.decode()
            yield Failure(rule.id, home, "a text that should be ignored is changed", text, got, text)
        elif planned and any(f.rule == rule.id and f.verdict is not Verdict.KEPT for f in planned.findings):
            yield Failure(
                rule.id,
                home,
                "the rule reports a site in a text that it should ignore",
                text,
                planned.ported.decode(),
                text,
            )


def _torch() -> bool:
    from importlib.util import find_spec

    return find_spec("torch") is not None


def _mirrored(name: str, context: Context) -> bool:
    """Whether the target has a name of CUDA under its own device."""
    return context.surface.look(name).name == vocabulary().renamed(name, context.surface.sheet.device)


def _plan_changes(file: str, text: str, context: Context) -> str:
    """What a further run would make of a text; empty when it leaves it as it is."""
    planned = _plan(file, text, context)
    return planned.ported.decode() if planned and planned.changed else ""


def _plan(file: str, text: str, context: Context) -> FilePlan | None:
    from dataclasses import replace

    from porter.artefacts import plan_artefact
    from porter.python.planner import plan_python

    raw = text.encode()
    kind = kind_of(file, lambda: raw)
    entry = Entry(file, kind, len(raw), False, 0o644, True)
    if kind != "python":
        return plan_artefact(entry, raw, context)[0]
    if not context.triage.concerns(raw) and not is_manifest(file):
        return None  # as in a checkout, where triage would have passed the file over
    return plan_python(entry, raw, replace(context, own_methods=own_methods([raw], context.pack)))[0]
