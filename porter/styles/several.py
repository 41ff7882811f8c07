"""One plan for several targets: the text is the same for all of them, and what holds differs from one to the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from porter.findings import numbered
from porter.model import VERDICTS, Dependency, FilePlan, Finding, Plan, Problem, Verdict

_APART = "The targets want different texts here, so that the file stays as it is."
_APART_ADVICE = "Port it by hand, or make one port for each target with --style native."


def combined(plans: Sequence[Plan]) -> Plan:
    """The plan that serves every target of `plans`; its first one is named first."""
    first = plans[0]
    paths = sorted({file.path for plan in plans for file in plan.files})
    problems = {problem: None for plan in plans for problem in plan.problems}
    files: list[FilePlan] = []
    for path in paths:
        here = {plan.target.name: next((file for file in plan.files if file.path == path), None) for plan in plans}
        file, agreed = _file(here)
        files.append(file)
        if not agreed:
            problems[Problem(path, 0, _APART, _APART_ADVICE)] = None
    return replace(
        first,
        others=tuple(plan.target for plan in plans[1:]),
        packs=tuple({use.name: use for plan in plans for use in plan.packs}.values()),
        files=tuple(files),
        problems=tuple(sorted(problems, key=lambda problem: (problem.file, problem.line))),
        dependencies=tuple(_dependencies(plans)),
        notes=tuple({note: None for plan in plans for note in plan.notes}),
    )


def _file(here: dict[str, FilePlan | None]) -> tuple[FilePlan, bool]:
    """The plan of one file, and whether all targets want the same text."""
    known = [file for file in here.values() if file is not None]
    findings = {name: file.findings if file else () for name, file in here.items()}
    one = replace(
        known[0],
        findings=numbered(_findings(findings)),
        accounted=tuple(sorted({lines for file in known for lines in file.accounted})),
    )
    texts = {file.ported for file in known}
    if len(texts) == 1 and (len(known) == len(here) or not one.changed):
        return one, True
    stay = tuple(replace(f, verdict=Verdict.MANUAL, after=f.before, edits=()) if f.edits else f for f in one.findings)
    return replace(one, findings=stay, ported=one.original), False


def _findings(by_target: dict[str, tuple[Finding, ...]]) -> Iterable[Finding]:
    """Each place once, with the most pressing verdict, and with the verdict of each target where they differ."""
    places: dict[tuple[str, int, int], dict[str, Finding]] = {}
    for name, findings in by_target.items():
        count: Counter[tuple[str, int, int]] = Counter()
        for finding in findings:
            key = (finding.rule, finding.line, finding.column)
            count[key] += 1
            places.setdefault((f"{finding.rule} {count[key]}", *key[1:]), {})[name] = finding
    told = {line for (rule, line, _) in places if not rule.startswith("KEPT ")}
    for (rule, line, _), found in places.items():
        if rule.startswith("KEPT ") and len(found) < len(by_target) and line in told:
            continue  # on another target a rule speaks of this line
        worst = min(found.values(), key=lambda finding: VERDICTS.index(finding.verdict))
        verdicts = tuple((name, found[name].verdict) for name in by_target if name in found)
        same = len(verdicts) == len(by_target) and len({verdict for _, verdict in verdicts}) == 1
        yield worst if same else replace(worst, on=verdicts)


def _dependencies(plans: Sequence[Plan]) -> Iterable[Dependency]:
    """Each package once; where the targets differ, the advice says so for each."""
    needs: dict[str, dict[str, Dependency]] = {}
    for plan in plans:
        for need in plan.dependencies:
            needs.setdefault(need.name, {})[plan.target.name] = need
    for _, found in sorted(needs.items()):
        one = next(iter(found.values()))
        where = tuple(sorted({place for need in found.values() for place in need.where}))
        evidence = tuple({source: None for need in found.values() for source in need.evidence})
        advices = {need.advice for need in found.values()}
        verdicts = {need.verdict for need in found.values()}
        advice = one.advice if len(advices) == 1 else _apart({name: need.advice for name, need in found.items()})
        verdict = one.verdict if len(verdicts) == 1 else _apart({name: need.verdict for name, need in found.items()})
        yield Dependency(one.name, where, advice, verdict, evidence)


def _apart(texts: dict[str, str]) -> str:
    """What holds for each target, those with the same text together."""
    by_text: dict[str, list[str]] = {}
    for name, text in texts.items():
        by_text.setdefault(text or "not known", []).append(name)
    return "; ".join(f"{', '.join(names)}: {text.rstrip('.')}" for text, names in by_text.items())
