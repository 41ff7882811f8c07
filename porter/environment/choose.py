"""Which release of the target, and which Python, a repository's pins allow; or why none does, with the nearest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from porter.doctor.machine import Machine
from porter.environment.wishes import Wish, Wishes
from porter.pins.pairs import Pairs
from porter.targets.sheet import Release, Sheet, version

# Most packages of these years have wheels for it, so no newer one is taken without need.
_PREFERRED = Version("3.11")
_PYTHONS = tuple(f"3.{minor}" for minor in range(7, 15))


class NoSolution(Exception):
    """Nothing fits: one sentence, with what is nearest."""


@dataclass(frozen=True)
class Chosen:
    """A release and a Python."""

    release: Release
    python: str
    notes: tuple[str, ...] = ()


def choose(sheet: Sheet, wanted: Release | None, wishes: Wishes, settle: Callable[[Release], str]) -> Chosen:
    """The newest release that the pins let in; `wanted` is what a person named, whatever the pins of torch say.

    `settle` gives the Python for a release, or raises NoSolution where something else stands in its way.
    """
    contradictions(wishes, relaxed=("torch",) if wanted is not None else ())
    if wanted is not None:
        return Chosen(wanted, settle(wanted), tuple(_against(wanted, wishes)))
    released = [release for release in sheet.versions if release.status == "released"]
    fitting = [release for release in released if not list(_against(release, wishes))]
    if not fitting:
        raise NoSolution(_none(sheet, released, wishes))
    troubles: list[NoSolution] = []
    for release in sorted(fitting, key=_rank, reverse=True):
        try:
            return Chosen(release, settle(release))
        except NoSolution as trouble:
            troubles.append(trouble)
    raise troubles[0]


def python_for(sheet: Sheet, release: Release, wishes: Wishes, machine: Machine | None = None) -> str:
    """The Python for a release, and for its image where it comes with a machine."""
    low, _, high = release.python.partition(" - ")
    span = f">={low},<={high or low}" if release.python else ">=3.8,<3.13"
    known = release.python or "3.8 - 3.12"
    built = [each for each in _PYTHONS if SpecifierSet(span).contains(each)]
    what = "is built for"
    if machine is not None:
        image = _image(sheet, release, machine)
        inside = re.search(r"py(?:thon)?3\.?(\d+)", image)
        if inside:
            built, known, what = [f"3.{inside[1]}"], f"3.{inside[1]}", f"has the image {image} with"
    capped = list(_caps(wishes))
    good = [
        each
        for each in built
        if all(_lets_in(wish.specifier, each) for wish in wishes.pythons)
        and all(SpecifierSet(cap).contains(each) for _, cap in capped)
    ]
    if not good:
        asked = [f"{wish.where} asks for Python {wish.specifier}" for wish in wishes.pythons]
        asked += [f"{name} has no wheels but for Python {cap}" for name, cap in capped]
        more = " Name another image with --image, or an older release." if machine is not None else ""
        raise NoSolution(
            f"No Python fits: {' and '.join(asked)}, and {sheet.target}@{release.version} {what} Python {known}.{more}"
        )
    modest = [each for each in good if Version(each) <= _PREFERRED]
    return modest[-1] if modest else good[0]


def _image(sheet: Sheet, release: Release, machine: Machine) -> str:
    fitting = machine.fitting(release)
    if fitting:
        return fitting[-1].image
    known = sorted({torch for image in machine.container.images for torch in image.torch}, key=version)
    spec = f"{sheet.target}@{release.version}"
    named = f"images are known for torch {', '.join(known)}" if known else "none is known for any"
    raise NoSolution(f"No container image is known for {spec}; {named}. Name one with --image.")


def contradictions(wishes: Wishes, relaxed: tuple[str, ...] = ()) -> None:
    """Raises where two wishes for a package leave no version that meets both."""
    for name in sorted({wish.name for wish in wishes.packages if wish.name} - {*relaxed}):
        for one, two in combinations(wishes.of(name), 2):
            if _markers(one) == _markers(two) and not _meet(one, two):
                raise NoSolution(
                    f"The pins contradict each other: {one.where} has {one.text} and {two.where} has "
                    f"{two.text}; no version of {name} meets both."
                )


def _meet(one: Wish, two: Wish) -> bool:
    """Whether any version is let in by both: one that they name, or one just above such."""
    named = re.findall(r"\d+(?:\.\d+)*", f"{one.specifier} {two.specifier}")
    tried = [version for number in [*named, "0"] for version in (number, f"{number}.0.1", f"{number}.9999", "9999")]
    return any(_lets(one, version) and _lets(two, version) for version in tried)


def _against(release: Release, wishes: Wishes) -> Iterator[str]:
    """The wishes that a release's torch does not meet."""
    for wish in wishes.of("torch"):
        if not _lets(wish, release.torch):
            yield f"{wish.where} has {wish.text}, and {release.version} comes with torch {release.torch}"
    pairs = Pairs.shared()
    beside = pairs.beside(release.torch)
    for name in ("torchvision", "torchaudio"):
        line = getattr(beside, name)
        for wish in wishes.of(name):
            if line and not any(_lets(wish, f"{line}.{patch}") for patch in range(10)):
                yield f"{wish.where} has {wish.text}, and torch {release.torch} goes with {name} {line}"
    for wish in wishes.packages:
        need = pairs.needed(wish.name, _exact(wish)) if wish.name else ""
        if need and not pairs.meets(need, release.torch):
            yield f"{wish.where} has {wish.text}, which needs torch{need}, and {release.version} has {release.torch}"


def _none(sheet: Sheet, released: list[Release], wishes: Wishes) -> str:
    """The sentence: which pin shuts all out, and which releases come nearest."""
    pins = [wish for wish in wishes.of("torch") if not any(_lets(wish, release.torch) for release in released)]
    others = [wish for wish in wishes.packages if wish.specifier and wish.name in _weighed()]
    meant = pins or [wish for wish in others if wish.name != "torch"] + wishes.of("torch")
    asked = " and ".join(f"{wish.text} ({wish.where})" for wish in meant)
    near = _nearest(released, meant)
    named = ", ".join(f"{sheet.target}@{release.version} with torch {release.torch}" for release in near)
    return (
        f"No release of {sheet.title} fits {asked}; the nearest are {named}. "
        f"Name one with --target {sheet.target}@{near[-1].version} to have the pins relaxed."
    )


def _nearest(released: list[Release], wishes: list[Wish]) -> list[Release]:
    """The release below the asked torch and the one above it, or the newest."""
    newest = {release.torch: release for release in sorted(released, key=_rank)}
    known = sorted(newest.values(), key=lambda release: version(release.torch))
    asked = [wish.specifier for wish in wishes if wish.name == "torch"]
    found = next((match[1] for text in asked if (match := re.search(r"(\d+(?:\.\d+)+)", text))), "")
    if not found:
        return known[-1:]
    at = sum(version(release.torch) <= Version(found) for release in known)
    return known[max(at - 1, 0) : at + 1] or known[-1:]


def _weighed() -> set[str]:
    return {"torch", "torchvision", "torchaudio", *Pairs.shared().needs}


def _caps(wishes: Wishes) -> Iterator[tuple[str, str]]:
    """The Pythons that exact pins have wheels for."""
    for wish in wishes.packages:
        exact = _exact(wish)
        cap = Pairs.shared().python(wish.name, exact) if exact else ""
        if cap:
            yield f"{wish.name} {exact}", cap


def _exact(wish: Wish) -> str:
    found = re.fullmatch(r"===?\s*(\d[\w.]*)", wish.specifier)
    return found[1] if found else ""


def _lets(wish: Wish, number: str) -> bool:
    try:
        return SpecifierSet(re.sub(r"\+\w+", "", wish.specifier)).contains(number, prereleases=True)
    except InvalidSpecifier:
        return True


def _lets_in(specifier: str, python: str) -> bool:
    """Whether any release of a Python's line is let in."""
    try:
        return any(SpecifierSet(specifier).contains(f"{python}.{patch}") for patch in range(20))
    except InvalidSpecifier:
        return True


def _markers(wish: Wish) -> str:
    return wish.text.partition(";")[2].strip()


def _rank(release: Release) -> tuple[Version, bool, Version]:
    number = version(release.version)
    return version(release.torch), not number.is_prerelease, number
