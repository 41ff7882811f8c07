"""The verdict on a pin: whether the installer would leave the target's torch alone, and what makes it do so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from porter.model import Target
from porter.packs.packages import normal
from porter.pins.interpreter import held, interpreters
from porter.pins.pairs import Pairs
from porter.pins.relax import Change, admits, relax

_HEAD = re.compile(r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*\(?(?P<spec>[^;#@)]*)")


@dataclass(frozen=True)
class Pin:
    """A requirement whose version the target has a say in. Without `changes` it may stay, or is a person's."""

    name: str
    because: str
    changes: tuple[Change, ...] = ()  # in characters of the requirement
    trouble: str = ""  # why it needs a person though the version is known


def judge_pin(text: str, target: Target) -> Pin | None:
    """The verdict on a requirement as pip writes it; None when the target has no say in its version."""
    found = _HEAD.match(text)
    if found is None or "://" in text:
        return None
    name, specifier = normal(found["name"]), found["spec"].rstrip()
    if name != "python" and specifier.startswith("=") and not specifier.startswith("=="):
        return None  # conda's own `=`: conda would bring its own torch, whatever the version
    return _judged(name, specifier, found.start("spec"), target)


def judge_version(name: str, specifier: str, target: Target) -> Pin | None:
    """The same where name and version stand apart, as in a table of Poetry's."""
    return _judged(normal(name), specifier, 0, target)


def _judged(name: str, specifier: str, at: int, target: Target) -> Pin | None:
    beside = Pairs.shared().beside(target.torch)
    if name == "python":
        return _python(specifier, at, target)
    if name == "torch":
        reason = f"{target.title or target.name} comes with torch {target.torch}"
        return _held(name, specifier, at, target.torch, reason)
    if name in {"torchvision", "torchaudio"}:
        line = getattr(beside, name)
        reason = f"with torch {target.torch} goes {name} {line}"
        return _held(name, specifier, at, f"{line}.*", reason) if line else None
    if name == "numpy" and beside.numpy:
        return _capped(name, specifier, at, beside.numpy, target)
    need = Pairs.shared().needed(name, _exact(specifier))
    if need and not Pairs.shared().meets(need, target.torch):
        trouble = f"This version needs torch{need}, and the target comes with torch {target.torch}."
        return Pin(name, "", trouble=trouble)
    return None


def _held(name: str, specifier: str, at: int, version: str, reason: str) -> Pin:
    """A pin that lets the target's own version in, so that the installer does not replace it."""
    reason = reason[:1].upper() + reason[1:]
    if not specifier:
        return Pin(name, f"{reason}; without a version the installer leaves an installed one alone.")
    changes = relax(specifier, version)
    if changes is None:
        return Pin(name, "", trouble=f"{reason}, which {specifier} shuts out in a way that porter cannot mend.")
    if not changes:
        return Pin(name, f"{reason}, which {specifier} lets in, so that the installer leaves an installed one alone.")
    moved = tuple(change.moved(at) for change in changes)
    return Pin(name, f"{reason}. {specifier} would have the installer put another one in its place.", moved)


def _python(specifier: str, at: int, target: Target) -> Pin | None:
    """A demand for a Python that the target's release is not built for."""
    known = interpreters(target)
    changes = held(specifier, at, known) if known and specifier else ()
    span = known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}" if known else ""
    reason = f"{target.title or target.name} {target.version} is built for Python {span}"
    if changes is None:
        return Pin("python", "", trouble=f"{reason}, which {specifier} shuts out in a way that porter cannot mend.")
    return Pin("python", f"{reason}, which {specifier} shuts out.", changes) if changes else None


def _capped(name: str, specifier: str, at: int, cap: str, target: Target) -> Pin | None:
    """numpy under a torch that was compiled against NumPy 1."""
    newest, highest = "2.9", "1.26.4"
    if admits(specifier, newest) is False and not specifier.startswith("=="):
        return None
    if _exact(specifier):
        fits = Pairs.shared().meets(cap, _exact(specifier))
        trouble = f"torch {target.torch} was compiled against NumPy 1, so it needs {name}{cap}."
        return None if fits else Pin(name, "", trouble=trouble)
    if specifier and not admits(specifier, highest):
        return Pin(name, "", trouble=f"torch {target.torch} needs {name}{cap}, which {specifier} shuts out.")
    end = at + len(specifier)
    reason = f"torch {target.torch} was compiled against NumPy 1 and fails with NumPy 2."
    return Pin(name, reason, (Change(end, end, f",{cap}" if specifier else cap),))


def _exact(specifier: str) -> str:
    """The version that a specifier pins, if it pins one."""
    found = re.fullmatch(r"\s*(?:===?)?\s*(\d[\w.]*)\s*", specifier)
    return found[1] if found else ""
