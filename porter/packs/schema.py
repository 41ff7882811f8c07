"""The JSON schema of rule packs, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

import msgspec

from porter import kinds
from porter.packs.pack import PackFile


def schema() -> dict[str, Any]:
    """The schema of a pack file, made from the very types that validate it."""
    (pack, rule), definitions = msgspec.json.schema_components(
        (PackFile, kinds.any_rule()), ref_template="#/$defs/{name}"
    )
    definitions["PackFile"]["properties"]["rules"] = {"type": "array", "items": rule, "default": []}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule pack of porter",
        **pack,
        "$defs": dict(sorted(definitions.items())),
    }
