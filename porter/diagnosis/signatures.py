"""The known error messages and codes as the table `rules/facts/errors.yaml` has them."""

from __future__ import annotations

from functools import cache

import msgspec

from porter.data import folder
from porter.packs.read import convert, read_yaml

# How sure the wording of a signature is, surest first.
EVIDENCE = {
    "measured": "produced on torch for CPU",
    "source": "found in the vendor's source",
    "guide": "printed in a porting guide",
    "docs": "from the vendor's documentation; the wording may differ",
    "issue": "quoted by users; the wording may differ",
}


class Signature(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A message that programs print, with its cause and what mends it."""

    id: str
    targets: tuple[str, ...]
    match: str
    stage: str
    evidence: str
    cause: str
    fix: str
    cause_zh: str
    fix_zh: str
    general: bool = False  # an envelope that names no cause of its own
    cites: tuple[str, ...] = ()

    def concerns(self, target: str | None) -> bool:
        return target is None or target in self.targets


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The whole table: signatures, and what the parts of Ascend's codes mean."""

    sources: dict[str, str]
    signatures: tuple[Signature, ...]
    ascend_modules: dict[str, str]
    ascend_kinds: dict[str, str]
    ascend_letters: dict[str, str]
    acl_codes: dict[int, str]
    acl_ranges: dict[str, str]


@cache
def table() -> Table:
    path = folder("rules") / "facts" / "errors.yaml"
    return convert(read_yaml(path), Table, path)
