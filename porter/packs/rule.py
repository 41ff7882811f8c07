"""What every rule has, whatever its kind: the head of the rule language."""

from __future__ import annotations

from typing import Annotated

import msgspec

from porter.model import Safety

# In a word by which triage chooses files: the word, and what else must stand in the same file; behind the sign of
# negation a keyword argument: a call that begins with the word and has it on the same line does not count.
BESIDE = " & "
NOT = "!"

RuleId = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Z]{2,8}[0-9]{3}$", description="Letters and three digits; never reused.")
]


class Example(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A text before and after. Without `after` the text stays, and the rule must report a site in it."""

    before: str
    after: str | None = None
    file: str = "example.py"
    needs_torch: bool = False  # the rule asks torch itself, so that the example is tried where it is installed
    needs: tuple[str, ...] = ()  # names of CUDA that the target must mirror; elsewhere the example says nothing


class Applies(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Where a rule holds. All that is given must hold."""

    targets: tuple[str, ...] = ()  # the names of targets
    target: str | None = None  # a version specifier for the target's version, such as ">=2.1"
    torch: str | None = None  # the same for the torch that the target comes with
    upstream: str | None = None  # the upstream project, by its distribution or repository name
    versions: str | None = None  # a version specifier for the upstream project
    requires: dict[str, str] = {}  # distributions that the checkout may have in a version such as ">=4.34"
    floor: dict[str, str] = {}  # distributions of which the checkout's own requirements allow no version below this one
    files: tuple[str, ...] = ()  # globs, relative to the root of the checkout
    without: tuple[str, ...] = ()  # packages: a file that imports one of them is not meant


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A rule: what it matches comes from its kind, all else stands here."""

    id: RuleId
    name: Annotated[
        str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Names what is matched, not the mend.")
    ]
    why: Annotated[str, msgspec.Meta(min_length=10, description="One or two sentences that a reviewer can check.")]
    safety: Safety = Safety.SAFE
    advice: str = ""  # what a person does with a site that the rule leaves to them
    links: tuple[str, ...] = ()
    effort: int = 0  # minutes of a person's time for a site
    applies: Applies = Applies()
    since: str = "0.1"
    status: str = "stable"
    examples: Annotated[tuple[Example, ...], msgspec.Meta(min_length=1)]
    ignores: tuple[str, ...] = ()  # texts that must stay byte-identical and without a site of this rule
