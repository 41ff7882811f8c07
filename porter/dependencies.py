"""Dependencies: the packages tied to CUDA that findings are about, with verdict and evidence for the target."""

from __future__ import annotations

from collections.abc import Iterable

from porter.model import Dependency, FilePlan, Finding, Target
from porter.packs.packages import Packages


def dependencies(files: Iterable[FilePlan], target: Target) -> tuple[Dependency, ...]:
    """The packages, with every place that declares or imports them."""
    places: dict[str, list[Finding]] = {}
    for finding in (f for file in files for f in file.findings if f.subject):
        places.setdefault(finding.subject, []).append(finding)
    return tuple(_dependency(name, found, target.name) for name, found in sorted(places.items()))


def _dependency(name: str, found: list[Finding], target: str) -> Dependency:
    where = tuple(f"{f.file}:{f.line}" for f in found)
    known = Packages.shared()
    package = known.named(name)
    if package is None:
        return Dependency(name, where, max((f.advice for f in found), key=len))
    return Dependency(
        name,
        where,
        package.advice(target) or "",
        package.outcome(target).words,
        known.evidence(package, target),
    )
