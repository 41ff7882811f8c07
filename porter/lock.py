"""The lock: what makes a port repeatable, and what tells a later run what porter made and what a person did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from porter import __version__
from porter.data import folder
from porter.errors import UsageError
from porter.findings import words
from porter.model import FilePlan, Finding, Plan
from porter.spans import Span, spans

LOCK_NAME = "porter.lock"
MADE_BY = "porter"
FORMAT = 1
_QUOTED = 160  # characters of a place that the lock quotes


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the checkout came from."""

    name: str
    url: str
    commit: str
    dirty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockedTarget:
    """What was ported to, and what was known about it: `facts` is the digest of its sheet of names."""

    name: str
    version: str
    torch: str
    facts: str = ""


@dataclass(frozen=True, slots=True)
class LockedPack:
    """A rule pack by its resolved content."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class LockedFinding:
    """A finding by the id that it has in the report, with its words, by which it is known again when it moves."""

    rule: str
    id: str
    verdict: str
    line: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of a porter.lock. `files` holds the digests of changed files, `tree` those of a sibling port.

    `spans` are the lines that porter wrote: with them the port comes back from the checkout, whatever the rules say.
    """

    format: int
    porter: str
    made_by: str
    upstream: Upstream
    target: LockedTarget
    packs: tuple[LockedPack, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, tuple[LockedFinding, ...]] = field(default_factory=dict)
    spans: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    tree: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)  # what porter wrote beside the repository's files
    pins: dict[str, tuple[str, ...]] = field(default_factory=dict)


def render(
    plan: Plan,
    options: Mapping[str, Any],
    tree: Mapping[str, str] | None = None,
    own: Mapping[str, bytes] | None = None,
) -> bytes:
    """The lock of a port as stable bytes: no time, no path of this machine. `own` is what porter writes beside it."""
    pins: dict[str, list[str]] = {}
    for pin in plan.pins:
        pins.setdefault(pin.name, []).append(pin.wanted)
    lock = Lock(
        format=FORMAT,
        porter=__version__,
        made_by=MADE_BY,
        upstream=Upstream(plan.origin.name, plan.origin.url, plan.origin.commit, plan.origin.dirty),
        target=LockedTarget(plan.target.name, plan.target.version, plan.target.torch, facts(plan.target.name)),
        packs=tuple(LockedPack(pack.name, pack.digest) for pack in plan.packs),
        options=dict(options),
        edits={file.path: tuple(map(locked, _ordered(file))) for file in plan.files if file.findings},
        spans={file.path: spans(file.original, file.ported) for file in plan.changed},
        files={file.path: digest(file.ported) for file in plan.changed},
        tree=dict(tree or {}),
        own={path: digest(content) for path, content in (own or {}).items()},
        pins={name: tuple(sorted(set(wanted))) for name, wanted in pins.items()},
    )
    return written(lock)


def written(lock: Lock) -> bytes:
    """A lock as it lies on the disk."""
    text = json.dumps(asdict(lock), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    # A name that is not UTF-8 is a lone surrogate here; its backslash escape is the very escape that JSON knows.
    return text.encode("utf-8", "backslashreplace")


def read(path: Path) -> Lock:
    """The lock at `path`; UsageError when it is not one that this porter understands."""
    import msgspec

    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
        lock = msgspec.convert(content, Lock)
    except OSError as error:
        raise UsageError(f"porter cannot read the lock {path} ({error.strerror}); name a {LOCK_NAME}.") from error
    except (ValueError, RecursionError) as error:  # broken UTF-8 or JSON, and what msgspec finds missing or wrong
        raise UsageError(f"{path} is not a whole porter lock ({error}); port again to make a new one.") from error
    if lock.made_by != MADE_BY:
        raise UsageError(f"{path} was not made by porter; port again to make a new one.")
    if lock.format != FORMAT:
        raise UsageError(f"{path} has lock format {lock.format}, this porter reads {FORMAT}; use a matching porter.")
    return lock


def digest(data: bytes) -> str:
    """How the lock names the content of a file."""
    return hashlib.sha256(data).hexdigest()


def facts(target: str) -> str:
    """The digest of what porter knows about a target's names."""
    sheet = folder("rules") / "targets" / f"{target}.yaml"
    return digest(sheet.read_bytes()) if sheet.is_file() else ""


def locked(finding: Finding) -> LockedFinding:
    """A finding as the lock keeps it."""
    text = words(finding.before or finding.after)[:_QUOTED]
    return LockedFinding(finding.rule, finding.id, finding.verdict.value, finding.line, text)


def _ordered(file: FilePlan) -> list[Finding]:
    return sorted(file.findings, key=lambda finding: (finding.line, finding.column, finding.rule, finding.id))
