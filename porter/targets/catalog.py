"""Which targets there are, found by the folder, and the way from what a person types (`npu@2.6`) to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porter.data import folder
from porter.errors import UsageError
from porter.model import Target

if TYPE_CHECKING:
    from porter.targets.sheet import Release, Sheet
    from porter.targets.surface import Surface


def names() -> list[str]:
    """The names of all targets, sorted."""
    return sorted(path.stem for path in (folder("rules") / "targets").glob("*.yaml"))


def frameworks() -> dict[str, str]:
    """The targets that are another framework, each with the module of porter that writes for it."""
    import yaml

    sheets = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder("rules").glob("*/target.yaml")]
    return {sheet["target"]: sheet["module"] for sheet in sorted(sheets, key=lambda sheet: str(sheet["target"]))}


def sheet(name: str) -> Sheet:
    """What rules/targets says about a target; UsageError with the nearest name when there is none."""
    from porter.targets.sheet import read

    if name not in names():
        raise UsageError(_unknown_target(name))
    return read(folder("rules") / "targets" / f"{name}.yaml")


def resolve(spec: str) -> tuple[Target, Surface]:
    """The target and its names for `npu` (its newest version that is out), `npu@2.6` (the newest 2.6) or
    `npu@2.6.0.post3`."""
    from porter.targets.surface import Surface

    name, at, wanted = spec.strip().partition("@")
    found = sheet(name)
    if at and not wanted:
        raise UsageError(f"{spec!r} has no version after the @: write {name} for the newest, or such as {name}@2.1.")
    release = _choose(found, wanted)
    target = Target(name=found.target, version=release.version, torch=release.torch, title=found.title)
    return target, Surface(found, release)


def release(spec: str) -> tuple[str, Release]:
    """The name of a target, and the release of its software that is meant."""
    target, _ = resolve(spec)
    return target.name, _choose(sheet(target.name), target.version)


def words(name: str) -> tuple[str, str]:
    """What a target calls its device and its collective backend."""
    found = sheet(name)
    return found.device, found.backend


def names_of_cuda() -> list[str]:
    """The names that stand in torch.cuda itself, as far as any target's file speaks of them."""
    spoken = {name for each in names() for name in (*sheet(each).modules, *sheet(each).names)}
    return sorted(name for name in spoken if name.startswith("torch.cuda.") and name.count(".") == 2)


def _choose(of: Sheet, wanted: str) -> Release:
    """The release that is spelled `wanted`, else the newest whose version begins with it."""
    from porter.targets.sheet import version

    if not wanted:
        return max(of.versions, key=_rank)
    try:
        want = version(wanted)
    except ValueError:
        raise UsageError(_unknown_version(of, wanted)) from None
    numbers = want.release
    known = [(version(release.version), release) for release in of.versions]
    # 2.6 and 2.6.0 are equal as versions, but 2.6 asks for the newest of its line and 2.6.0 for itself.
    spelled = [release for at, release in known if str(at) == str(want)]
    line = [
        release for at, release in known if str(want) == want.base_version and at.release[: len(numbers)] == numbers
    ]
    equal = [release for at, release in known if at == want]
    found = spelled or line or equal
    if not found:
        raise UsageError(_unknown_version(of, wanted))
    return max(found, key=_rank)


def _rank(release: Release) -> tuple[bool, bool, object]:
    """Newest last; what is not out yet before all that is, and a release candidate before every release."""
    from porter.targets.sheet import version

    number = version(release.version)
    return release.status == "released", not number.is_prerelease, number


def _unknown_target(name: str) -> str:
    import difflib

    if name in frameworks():
        return f"{name} is another framework: `porter migrate` writes a model's folder for it, and nothing else does."
    known = names()
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"Unknown target {name!r}. {hint}Targets: {', '.join(known)}."


def _unknown_version(its: Sheet, wanted: str) -> str:
    import bisect

    from porter.targets.sheet import version

    known = sorted({release.version for release in its.versions}, key=version)
    span = f"{its.target} is known from {known[0]} to {known[-1]}"
    try:
        place = bisect.bisect([version(each) for each in known], version(wanted))
    except ValueError as error:
        return f"Unknown version of {its.target}: {error}; {span}."
    near = known[max(place - 1, 0) : place + 1]
    return f"Unknown version {wanted!r} of {its.target}. The nearest: {', '.join(near)}; {span}."
