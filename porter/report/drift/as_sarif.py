"""For code scanning (SARIF 2.1.0): each entry as a result, with the identity that survives moves as its fingerprint."""

from __future__ import annotations

import json

import porter
from porter.drift.entry import TITLES, Drift, Entry, Kind, Level
from porter.report.as_sarif import SCHEMA, Json, location
from porter.report.safe import plain

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}


def render(drift: Drift) -> str:
    rules = [f"porter/{kind.value}" for kind in Kind]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "porter",
                        "version": porter.__version__,
                        "semanticVersion": porter.__version__,
                        "rules": [_rule(kind) for kind in Kind],
                    }
                },
                "automationDetails": {"id": f"porter-check/{plain(drift.target)}/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the checkout."}}},
                "invocations": [{"executionSuccessful": True}],
                "results": [_result(entry, rules) for entry in drift.entries],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(kind: Kind) -> Json:
    return {"id": f"porter/{kind.value}", "name": kind.value, "shortDescription": {"text": TITLES[kind]}}


def _result(entry: Entry, rules: list[str]) -> Json:
    rule = f"porter/{entry.kind.value}"
    result: Json = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": _LEVELS[entry.level],
        "message": {"text": plain(f"{entry.title}: {entry.why}" if entry.why else entry.title)},
    }
    if entry.file:
        result["locations"] = [location(entry.file, max(1, entry.line), entry.column)]
    if entry.id:
        result["partialFingerprints"] = {"porterFinding/v1": plain(entry.id)}
    return result
