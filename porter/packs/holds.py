"""Whether a rule holds for a checkout: its target, its upstream project, and what the checkout requires."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from porter.model import Target

if TYPE_CHECKING:
    from porter.packs.load import Upstream
    from porter.packs.rule import Applies


def holds(wanted: Applies, target: Target, upstream: Upstream) -> bool:
    """All that is given holds; InvalidSpecifier when a specifier is none."""
    return (
        (not wanted.targets or target.name in wanted.targets)
        and _satisfies(target.version, wanted.target)
        and _satisfies(target.torch, wanted.torch)
        and (wanted.upstream is None or wanted.upstream.lower() in upstream.names)
        and (wanted.versions is None or not upstream.version or _satisfies(upstream.version, wanted.versions))
        and all(_may_be(upstream.requires.get(name, ""), spec) for name, spec in wanted.requires.items())
        and all(_is_above(upstream.requires.get(name, ""), least) for name, least in wanted.floor.items())
    )


def _satisfies(version: str, specifier: str | None) -> bool:
    if specifier is None:
        return True
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def _is_above(required: str, least: str) -> bool:
    """Whether a requirement has a lower bound that is not below `least`; without a requirement nothing is known."""
    bounds = [part.version for part in SpecifierSet(required) if part.operator in {">=", ">", "==", "~=", "==="}]
    return any(Version(bound.removesuffix(".*")) >= Version(least) for bound in bounds)


def _may_be(required: str, wanted: str) -> bool:
    """Whether a version that is required may be a wanted one: some version on or beside a bound meets both."""
    both = SpecifierSet(required) & SpecifierSet(wanted)
    bounds = [part.version.removesuffix(".*") for part in both]
    beside = chain.from_iterable((bound, f"{bound}.post1", f"{bound}.dev0", f"{bound}.0.1") for bound in bounds)
    return any(both.contains(version, prereleases=True) for version in (*beside, "0", "999999"))
