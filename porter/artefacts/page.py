"""A page: one file that is no Python, as an artefact reads it, and what the artefact says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from porter.checkout.walk import Entry
from porter.kinds import env, flag, literal, text, version
from porter.model import Edit, Verdict
from porter.proposal import Proposal
from porter.python.source import Source

if TYPE_CHECKING:
    from porter.context import Context
    from porter.packs.pack import Pack
    from porter.packs.positions import Position


class UnreadableError(Exception):
    """A file that does not parse in its own format."""

    def __init__(self, line: int, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Stay:
    """A span whose words stay, and why. `once`: one line of the report for all of its sort."""

    start: int
    end: int
    why: str
    once: bool = False
    rules: bool = False  # rules on the text of lines may still speak here: a key or a value, not prose


@dataclass
class Reading:
    """What an artefact says about a page."""

    sites: list[Proposal] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    covers: list[tuple[int, int]] = field(default_factory=list)  # spans that a site elsewhere speaks for
    troubles: list[tuple[int, str, str]] = field(default_factory=list)  # (offset, reason, advice): not understood
    flaws: int = 0  # places that the parser could not make sense of; an edit must not add any

    def add(self, other: Reading) -> None:
        self.sites += other.sites
        self.stays += other.stays
        self.covers += other.covers
        self.troubles += other.troubles
        self.flaws += other.flaws

    def moved(self, to: Callable[[int], int], write: Callable[[bytes], bytes] = bytes) -> Reading:
        """The same reading where its text lies elsewhere: offsets go through `to`, new text through `write`."""

        def edit(old: Edit) -> Edit:
            return Edit(to(old.start), to(old.end), write(old.new), write(old.expected))

        sites = [replace(p, start=to(p.start), end=to(p.end), edits=tuple(map(edit, p.edits))) for p in self.sites]
        stays = [replace(s, start=to(s.start), end=to(s.end)) for s in self.stays]
        covers = [(to(a), to(b)) for a, b in self.covers]
        return Reading(sites, stays, covers, [(to(at), why, advice) for at, why, advice in self.troubles], self.flaws)

    def shifted(self, by: int) -> Reading:
        """The same reading of a text that begins `by` bytes further down."""
        return self.moved(lambda offset: offset + by)


@dataclass(frozen=True)
class Page:
    """The UTF-8 text of a file, and what its rules are."""

    entry: Entry
    data: bytes
    context: Context

    @property
    def path(self) -> str:
        return self.entry.path

    @property
    def name(self) -> str:
        return PurePosixPath(self.entry.path).name

    @property
    def pack(self) -> Pack:
        return self.context.pack

    @cached_property
    def source(self) -> Source:
        return Source(self.data)

    def part(self, data: bytes) -> Page:
        """A piece of text inside this file, such as the shell text of a Dockerfile."""
        return Page(self.entry, data, self.context)

    @cached_property
    def variables(self) -> dict[str, tuple[env.Rule, str | None]]:
        """Environment variables that a rule speaks of, with what they become."""
        return {name: (rule, new) for rule in self._rules(env.Rule) for name, new in rule.variables.items()}

    def neutral(self, reading: Reading) -> Reading:
        """What was read, as the style of the port means what people type."""
        style = self.context.style
        if style is not None:
            reading.sites = [style.neutral(site, self.context.pack, typed=True) for site in reading.sites]
        return reading

    @cached_property
    def literals(self) -> list[tuple[literal.Rule, Position]]:
        rules = [rule for rule in self._rules(literal.Rule) if rule.value and not rule.integer]
        return [(rule, self.pack.positions[rule.where]) for rule in sorted(rules, key=lambda r: (-len(r.value), r.id))]

    @cached_property
    def strings(self) -> list[tuple[flag.Rule, Any]]:
        """The rules that flag a whole string, with their compiled expressions."""
        import re

        return [(rule, re.compile(pattern)) for rule in self._rules(flag.Rule) for pattern in rule.strings]

    @cached_property
    def others(self) -> list[tuple[env.Rule, Any]]:
        """The rules for variables that no rule knows by name, with their compiled expressions."""
        import re

        return [(rule, re.compile(rule.others)) for rule in self._rules(env.Rule) if rule.others]

    @cached_property
    def package_rule(self) -> flag.Rule | None:
        return next((rule for rule in self._rules(flag.Rule) if rule.packages), None)

    @cached_property
    def pin_rule(self) -> version.Rule | None:
        return next((rule for rule in self._rules(version.Rule) if rule.pins), None)

    @cached_property
    def line_rules(self) -> list[text.Rule]:
        """The rules on lines of text that are for this file."""
        return [rule for rule in self._rules(text.Rule) if text.concerns(rule, self.path, self.entry.kind)]

    def _rules(self, kind: type[Any]) -> list[Any]:
        return self.pack.of(kind)


def manual(rule: Any, start: int, end: int, because: str = "", advice: str = "", subject: str = "") -> Proposal:
    return Proposal(rule, start, end, Verdict.MANUAL, (), because, advice, subject)


def inside(at: int, spans: Iterable[Stay]) -> Stay | None:
    """The innermost span around an offset."""
    found = [span for span in spans if span.start <= at < span.end]
    return min(found, key=lambda span: span.end - span.start, default=None)
