"""A requirement as it is written anywhere: which distribution it names, and what becomes of that on a target."""

from __future__ import annotations

import re
from dataclasses import dataclass

from porter.packs.packages import Package, Packages

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_WHEEL = re.compile(r"(?:^|/)([A-Za-z0-9_.]+?)-\d[^/\s]*\.(?:whl|tar\.gz|zip)")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_REPO = re.compile(r"(?:git|hg|svn|bzr)\+\S+/([A-Za-z0-9._-]+?)(?:\.git)?(?:@[^/#\s]*)?(?:#\S*)?$")
_PIN = re.compile(r"(?:===?|~=|[<>!]=?|=)\s*[^\s,;\]]+(?:\s*,\s*(?:===?|~=|[<>!]=?)\s*[^\s,;\]]+)*")


def distribution(text: str) -> str | None:
    """The distribution that a requirement names: PEP 508, a conda spec, a wheel's address, a repository."""
    text = text.strip()
    if "::" in text:  # conda's channel::package
        text = text.rpartition("::")[2]
    for expression in (_EGG, _WHEEL, _REPO):
        found = expression.search(text)
        if found and (expression is not _WHEEL or " @ " not in text):
            return found[1]
    named = _NAME.match(text)
    return named[0] if named else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A requirement whose package is tied to CUDA: what is true of it, and what a person does."""

    package: str
    because: str
    advice: str


def _of(name: str) -> Package | None:
    """The package of a distribution; a repository may spell its name in capitals where the distribution has a dash."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return Packages.shared().distributed(name) or Packages.shared().distributed(spaced)


def judge(text: str, target: str) -> Judgement | None:
    """The verdict on a requirement; None when its package works on the target as it is."""
    name = distribution(text)
    package = _of(name) if name else None
    advice = package.advice(target) if package else None
    if package is None or advice is None:
        return None
    pin = _PIN.search(text.partition(";")[0].partition("#")[0]) if "://" not in text else None
    held = f" It is held at {pin[0]}." if pin else ""
    return Judgement(package.name, f"The package is {package.name}.{held}", advice)
