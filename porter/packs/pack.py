"""A pack: the rules of one YAML file, and the pack that a whole chain of files resolves to."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from porter.errors import UsageError
from porter.model import PackUse
from porter.packs.positions import Position
from porter.packs.rule import Rule


class PackFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A rule pack as it stands in a file. Rules are validated once their variables are bound."""

    pack: str
    describes: str
    extends: str | None = None
    upstream: str | None = None  # the rules hold only for this upstream project
    marks: tuple[dict[str, str], ...] = ()  # files and what they contain, by which a checkout is known as `upstream`
    ran: tuple[str, ...] = ()  # what was really run with the pack, for its page in the docs
    optional: bool = False  # the rules hold only where a person asks for the pack by its name
    vars: dict[str, str] = {}
    vocabulary: tuple[str, ...] = ()  # words that name an accelerator: each place where one stands gets a verdict
    assumed: tuple[str, ...] = ()  # packages that a bare name means when nothing in the file binds it
    positions: dict[str, Position] = {}
    disable: dict[str, str] = {}
    rules: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Pack:
    """Rules that are ready to be used for one target: inherited, bound, validated, and only those that apply."""

    name: str
    variables: dict[str, str]
    vocabulary: tuple[str, ...]
    assumed: frozenset[str]
    positions: dict[str, Position]
    rules: tuple[Rule, ...]
    uses: tuple[PackUse, ...]
    home: dict[str, str] = field(default_factory=dict)  # rule id -> the pack that it comes from
    upstreams: frozenset[str] = frozenset()  # packs that hold only for one upstream project

    def chosen(self, only: tuple[str, ...], skip: tuple[str, ...]) -> Pack:
        """The pack with only some of its rules, by id or by the letters that ids start with."""
        known = {rule.id for rule in self.rules}
        for wanted in (*only, *skip):
            if not any(rule_id == wanted or rule_id.rstrip("0123456789") == wanted for rule_id in known):
                near = difflib.get_close_matches(wanted, sorted(known), n=1, cutoff=0.4)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise UsageError(f"No rule {wanted!r} applies here.{hint} `porter rules list` shows them all.")

        def meant(rule: Rule, names: tuple[str, ...]) -> bool:
            return any(name in (rule.id, rule.id.rstrip("0123456789")) for name in names)

        rules = tuple(r for r in self.rules if (not only or meant(r, only)) and not meant(r, skip))
        return replace(self, rules=rules)

    @cached_property
    def named(self) -> frozenset[str]:
        """The qualified names that rules speak of."""
        from porter.kinds import api, flag

        renamed = {source for rule in self.of(api.Rule) for source in api.sources(rule)}
        return frozenset(renamed | {name for rule in self.of(flag.Rule) for name in rule.names})

    @cached_property
    def segments(self) -> frozenset[str]:
        """The words of those names."""
        return frozenset(segment for name in self.named for segment in name.split(".")[1:])

    def of(self, kind: type[Any]) -> list[Any]:
        """The rules of one kind, in the order of their ids."""
        return [rule for rule in self.rules if isinstance(rule, kind)]
