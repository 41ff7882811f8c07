"""The lock: what makes a port repeatable, and what tells a later run which files porter wrote."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from porter import __version__
from porter.errors import UsageError
from porter.model import FilePlan, Finding, Plan

LOCK_NAME = "porter.lock"
MADE_BY = "porter"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the checkout came from."""

    name: str
    url: str
    commit: str
    dirty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockedTarget:
    """What was ported to."""

    name: str
    version: str
    torch: str


@dataclass(frozen=True, slots=True)
class LockedPack:
    """A rule pack by its resolved content."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class LockedFinding:
    """A finding by its fingerprint, which stays the same when lines above it come and go."""

    rule: str
    fingerprint: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of a porter.lock. `files` holds the digests of changed files, `tree` those of a sibling port."""

    format: int
    porter: str
    made_by: str
    upstream: Upstream
    target: LockedTarget
    packs: tuple[LockedPack, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, tuple[LockedFinding, ...]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    tree: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)  # what porter wrote beside the repository's files


def render(
    plan: Plan,
    options: Mapping[str, Any],
    tree: Mapping[str, str] | None = None,
    own: Mapping[str, bytes] | None = None,
) -> bytes:
    """The lock of a port as stable bytes: no time, no path of this machine. `own` is what porter writes beside it."""
    lock = Lock(
        format=FORMAT,
        porter=__version__,
        made_by=MADE_BY,
        upstream=Upstream(plan.origin.name, plan.origin.url, plan.origin.commit, plan.origin.dirty),
        target=LockedTarget(plan.target.name, plan.target.version, plan.target.torch),
        packs=tuple(LockedPack(pack.name, pack.digest) for pack in plan.packs),
        options=dict(options),
        edits={file.path: fingerprints(file) for file in plan.files if file.findings},
        files={file.path: digest(file.ported) for file in plan.changed},
        tree=dict(tree or {}),
        own={path: digest(content) for path, content in (own or {}).items()},
    )
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


def fingerprints(file: FilePlan) -> tuple[LockedFinding, ...]:
    """The findings of a file by rule and text of their line; equal ones are told apart by counting."""
    lines = re.split(rb"\r\n|\r|\n", file.original)
    seen: Counter[tuple[str, bytes]] = Counter()
    locked = []
    for finding in sorted(file.findings, key=lambda finding: (finding.line, finding.column, finding.rule)):
        text = _line(lines, finding)
        parts = (_bytes(file.path), _bytes(finding.rule), text, str(seen[finding.rule, text]).encode())
        seen[finding.rule, text] += 1
        locked.append(LockedFinding(finding.rule, _joined(parts)[:16], finding.verdict.value))
    return tuple(locked)


def _line(lines: list[bytes], finding: Finding) -> bytes:
    inside = 1 <= finding.line <= len(lines)
    return (lines[finding.line - 1] if inside else _bytes(finding.before)).strip()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _joined(parts: Iterable[bytes]) -> str:
    return digest(b"\0".join(parts))
