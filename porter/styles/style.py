"""A style: what becomes of the same sites when the port is to run on CUDA as well as on the target."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from porter.errors import UsageError
from porter.kinds import env, literal, version
from porter.model import Added, FilePlan, Plan, Problem, Target, Verdict
from porter.packs.pack import Pack
from porter.proposal import Proposal
from porter.styles.helper import Device, counterparts, defined, functions, render, uses
from porter.styles.home import Home
from porter.targets.surface import Answer, Surface

NATIVE, AGNOSTIC = "native", "agnostic"
STYLES = (NATIVE, AGNOSTIC)

_STAYS = "It holds on CUDA and stays so; for another accelerator whoever runs the program gives its own."
_PIN = "It holds for CUDA, and what the target needs is another version."
_PIN_ADVICE = "Widen it so that it lets the target's torch {torch} in beside the one that it names."
_SERVED = "A config.json names this file, so that a model hub serves it by itself, and it uses the helper now."
_SERVED_ADVICE = "Put the helper's functions that it uses into the file, or port it with --style native."
_SPECIAL = "Only {title} needs this, and the port is for CUDA as well."
_SPECIAL_ADVICE = "Where the program runs on {title}, do it in a branch of its own; the style native writes it out."


def check(name: str) -> str:
    """The name of a style; UsageError when there is none such."""
    if name not in STYLES:
        raise UsageError(f"Unknown style {name!r}. Styles: {', '.join(STYLES)}.")
    return name


@dataclass(frozen=True)
class Agnostic:
    """The style that goes through a helper module in the repository."""

    target: Target
    devices: tuple[Device, ...]
    home: Home
    python: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # the repository's Python files
    earlier: bytes = b""  # the helper that is there already
    served: frozenset[str] = frozenset()  # files that a model hub serves one by one
    others: tuple[str, ...] = ()  # devices for which upstream may have code of its own, beside that for CUDA

    @property
    def alias(self) -> str:
        return self.home.name

    def imported(self, tree: ast.Module) -> bool:
        """Whether a file imports the helper already, as a module."""
        package, _, name = self.home.module.rpartition(".")
        return any(
            (isinstance(node, ast.Import) and any(a.name == name and not a.asname for a in node.names) and not package)
            or (isinstance(node, ast.ImportFrom) and node.module == package and any(a.name == name for a in node.names))
            for node in tree.body
        )

    def statement(self, path: str) -> str:
        return self.home.statement(path)

    def module_of(self, segments: tuple[str, ...], path: str) -> tuple[str, ...] | None:
        """What an import has to spell for a name of the helper; None where an import alone does not find it."""
        if segments[0] != self.alias:
            return segments
        return (*self.home.module.split("."), *segments[1:]) if self.home.reaches(path) else None

    # -- proposals -----------------------------------------------------------------------------------------------------

    def neutral(self, site: Proposal, pack: Pack, *, typed: bool) -> Proposal:
        """A proposal of a rule for one target as this style means it; `typed`: it stands outside of the program."""
        stays = isinstance(site.rule, env.Rule) or (typed and not isinstance(site.rule, version.Rule))
        if (site.edits and site.verdict is not Verdict.MANUAL and stays) or (
            typed and isinstance(site.rule, literal.Rule) and site.rule.code
        ):
            return replace(site, verdict=Verdict.KEPT, edits=(), because=_STAYS, runs=False)
        if site.edits and isinstance(site.rule, version.Rule):
            return site.withheld(f"{site.because} {_PIN}".strip(), _PIN_ADVICE.format(torch=self.target.torch))
        if site.edits and self._of_target(site.rule, pack):
            title = self.target.title
            return site.withheld(_SPECIAL.format(title=title), _SPECIAL_ADVICE.format(title=title))
        return site

    def _of_target(self, rule: Any, pack: Pack) -> bool:
        return bool(rule.applies.targets) or pack.home.get(rule.id, "") in {self.target.name, *pack.upstreams}

    # -- the plan ------------------------------------------------------------------------------------------------------

    def finished(self, plan: Plan) -> Plan:
        """The plan with the helper module."""
        added, problems = self.added(plan.files)
        problems += [Problem(path, 0, _SERVED, _SERVED_ADVICE) for path in sorted(self._served(plan))]
        notes = [
            f"{path} is the helper module that the port brings along, which knows the accelerators." for path in added
        ]
        return replace(
            plan,
            style=AGNOSTIC,
            added=tuple(Added(path, content, self.earlier) for path, content in sorted(added.items())),
            notes=(*plan.notes, *notes),
            problems=(*plan.problems, *problems),
        )

    def _served(self, plan: Plan) -> Iterator[str]:
        """Files that use the helper, but reach a reader without it."""
        for file in plan.changed:
            if file.path in self.served and uses(file.ported, self.home.module):
                yield file.path

    # -- the helper ----------------------------------------------------------------------------------------------------

    def added(self, files: Iterable[FilePlan]) -> tuple[dict[str, bytes], list[Problem]]:
        """The helper module for what the port uses of it, and what a person has to add to one of their own."""
        ported = {file.path: file.ported for file in files}
        wanted: set[str] = set()
        for path, data in {**self.python, **ported}.items():
            if path != self.home.path and self.alias.encode() in data:
                wanted |= self._used(path, data)
        if not wanted:
            return ({self.home.path: self.earlier} if self.earlier else {}), []
        if not self.earlier:
            return {self.home.path: render(wanted, self.devices)}, []
        there = defined(self.earlier)
        if wanted <= there:
            return {self.home.path: self.earlier}, []
        if render(there & functions(), self.devices) == self.earlier:
            return {self.home.path: render(wanted | there, self.devices)}, []
        missing = ", ".join(sorted(wanted - there))
        said = f"The helper of an earlier port was changed by hand and lacks {missing}."
        return {self.home.path: self.earlier}, [Problem(self.home.path, 0, said, "Add what it lacks by hand.")]

    def _used(self, path: str, data: bytes) -> set[str]:
        if path.endswith(".py"):
            try:
                return uses(data, self.home.module)
            except (SyntaxError, ValueError):
                return set()  # the file is left as it is, and the plan says so
        return {name for name in functions() if f"{self.alias}.{name}(".encode() in data}


@dataclass(frozen=True)
class HelperSurface(Surface):
    """The names of torch.cuda as the helper has them."""

    alias: str = ""
    title: str = ""

    def look(self, dotted: str) -> Answer:
        name = dotted.removeprefix("torch.cuda.")
        known = counterparts().get(name)
        if known is not None and name != dotted:
            theirs = super().look(f"torch.cuda.{known}")
            lacks = theirs.status == "missing" and _is_delegated(known)
            note = f"{self.title} has no counterpart of {dotted}, so that the call fails there" if lacks else ""
            return Answer("unknown" if lacks else "renamed", f"{self.alias}.{known}", note)
        if dotted in {"torch.cuda", "torch.cuda.amp", *(f"torch.cuda.{part}" for part in ("random", "memory"))}:
            return Answer("same", dotted)
        return Answer("missing", note=f"{dotted} has no counterpart that holds on every accelerator")


def _is_delegated(name: str) -> bool:
    """Whether a function of the helper calls the one of the same name on the accelerator."""
    return name not in {"autocast", "GradScaler", "is_available", "on_device", "ipc_collect"}
