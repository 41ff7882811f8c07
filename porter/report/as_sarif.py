"""For code scanning (SARIF 2.1.0): what needs a person as warnings, what is to be checked as notes."""

from __future__ import annotations

import json
from typing import Any

import porter
from porter.model import Finding, Plan, Verdict
from porter.report.safe import code, link, plain, prose
from porter.report.summary import Group, by_rule, in_order
from porter.report.upstream import public_url, uri

_LEVELS = {Verdict.MANUAL: "warning", Verdict.REVIEW: "note"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"

Json = dict[str, Any]


def render(plan: Plan) -> str:
    groups = sorted(by_rule(plan.findings, *_LEVELS), key=lambda group: group.rule)
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
                        "rules": [_rule(group) for group in groups],
                    }
                },
                # One upload a target: a second target's results must not replace the first's.
                "automationDetails": {"id": f"porter/{plan.target.name}/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the checkout."}}},
                **_provenance(plan),
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": _problems(plan),
                    }
                ],
                "results": _results(plan, [group.rule for group in groups]),
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(group: Group) -> Json:
    why, advice = "\n".join(group.whys), "\n".join(group.advices)
    links = [plain(address) for address in group.links if str(link(address)).startswith("[")]
    markdown = [f"**{code(group.rule)}** {prose(group.name)}", *map(prose, (*group.whys, *group.advices))]
    rule: Json = {
        "id": plain(group.rule),
        "name": plain(group.name),
        "shortDescription": {"text": plain(group.name or group.rule)},
        "fullDescription": {"text": plain(why or group.name or group.rule)},
        "help": {
            "text": plain("\n\n".join(part for part in (why, advice, "\n".join(links)) if part) or group.rule),
            "markdown": "\n\n".join([*markdown, *(f"- {link(address)}" for address in links)]),
        },
        "defaultConfiguration": {"level": _LEVELS[group.findings[0].verdict]},
    }
    return {**rule, "helpUri": links[0]} if links else rule


def _results(plan: Plan, rules: list[str]) -> list[Json]:
    return [
        {
            "ruleId": plain(finding.rule),
            "ruleIndex": rules.index(finding.rule),
            "level": _LEVELS[finding.verdict],
            "message": {"text": plain(_message(finding))},
            "locations": [location(finding.file, finding.line, finding.column)],
            # Free of line numbers, so that a line added above does not make an old result a new one.
            "partialFingerprints": {"porterFinding/v1": plain(finding.id)},
        }
        for finding in in_order(plan.findings)
        if finding.verdict in _LEVELS
    ]


def _message(finding: Finding) -> str:
    return " ".join(part for part in (finding.why, finding.advice) if part) or finding.name or finding.rule


def _problems(plan: Plan) -> list[Json]:
    return [
        {
            "level": "warning",
            "message": {"text": plain(f"{problem.reason} {problem.advice}".strip())},
            "locations": [location(problem.file, max(1, problem.line), 1)],
        }
        for problem in sorted(plan.problems, key=lambda problem: (problem.file, problem.line))
    ]


def location(file: str, line: int, column: int) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(file), "uriBaseId": _ROOT},
            "region": {"startLine": line, "startColumn": column},
        }
    }


def _provenance(plan: Plan) -> Json:
    address = public_url(plan.origin)
    if "://" not in address:
        return {}
    return {"versionControlProvenance": [{"repositoryUri": address, "revisionId": plain(plan.origin.commit)}]}
