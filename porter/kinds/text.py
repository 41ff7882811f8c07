"""Kind `text`: lines of files that are no Python: shell, Dockerfiles, requirements, configurations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import PurePosixPath
from typing import Literal

from porter.model import Edit, Safety, Verdict
from porter.packs.rule import Rule as Head
from porter.proposal import Proposal, verdict_of
from porter.python.scene import Scene


class Rule(Head, tag_field="kind", tag="text", frozen=True, kw_only=True):
    """In each of the `files` (globs on the name, or `kind:` and a kind of file), what `match` covers becomes `to`.

    With `each`, every match in a source of CUDA is a place of its own, and not only a reason why the file is one.
    What is `general` gives way to any other rule at the place."""

    files: tuple[str, ...]
    match: str
    to: str | None = None
    each: bool = False
    general: bool = False
    translate: Literal["", "hipify"] = (
        ""  # a translator that writes the whole text anew; each line it changes is marked
    )


@cache
def expression(rule_match: str) -> re.Pattern[bytes]:
    return re.compile(rule_match.encode(), re.MULTILINE)


def triggers(rule: Rule) -> set[str]:
    del rule
    return set()


def find(scene: Scene, rules: list[Rule]) -> Iterator[Proposal]:
    """Python files are not text."""
    del scene, rules
    return iter(())


def concerns(rule: Rule, path: str, kind: str) -> bool:
    name = PurePosixPath(path).name
    return any(glob == f"kind:{kind}" or fnmatch(name, glob) or fnmatch(path, glob) for glob in rule.files)


def find_text(data: bytes, rules: list[Rule]) -> Iterator[Proposal]:
    """The sites of a text file; a match inside a comment is prose."""
    for rule in rules:
        if rule.translate:
            continue  # the whole file is its place: see porter.artefacts.native
        for found in expression(rule.match).finditer(data):
            start, end = found.span()
            if rule.to is None or verdict_of(rule.safety) is Verdict.MANUAL:
                stays = rule.to is None and rule.safety is Safety.SAFE  # as with a flag
                yield Proposal(rule, start, end, Verdict.KEPT if stays else Verdict.MANUAL, fallback=rule.general)
            else:
                edit = Edit(start, end, found.expand(rule.to.encode()), data[start:end])
                yield Proposal(rule, start, end, verdict_of(rule.safety), (edit,))
