"""Applies a folder of patches to a plan with git's own `apply`; a hunk that does not fit is a person's, never lost."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from porter.checkout import git
from porter.checkout.kind import HEAD, kind_of
from porter.errors import UsageError
from porter.model import FilePlan, Finding, PackUse, Plan, Verdict

RULE = "PATCH"
_GIT = re.compile(rb"^(?=diff --git )", re.MULTILINE)
_PLAIN = re.compile(rb"^(?=--- .*\n\+\+\+ )", re.MULTILINE)
_HUNK = re.compile(rb"^(@@ -(\d+)[^\n]*\n(?:[ +\-\\][^\n]*\n?|\n)*)", re.MULTILINE)
_MEND = "Bring the patch up to date with this file, or make the change by hand."


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk of a patch for one file. `head` is its `@@` line."""

    patch: str
    path: str
    text: bytes

    @property
    def head(self) -> bytes:
        return self.text.partition(b"\n")[0]

    @property
    def line(self) -> int:
        found = _HUNK.match(self.text)
        return max(1, int(found[2])) if found else 1

    def side(self, sign: bytes) -> str:
        """The lines that it takes away or puts in."""
        rows = [row[1:] for row in self.text.split(b"\n")[1:] if row.startswith(sign)]
        return b"\n".join(rows).decode("utf-8", "replace")[:500]


def folders(packs: dict[str, Path], used: Iterable[str]) -> list[tuple[str, Path]]:
    """The folder `<pack>.patches` beside each pack that is used, where there is one."""
    found = [(f"{name}.patches", packs[name].with_suffix(".patches")) for name in used if name in packs]
    return [(name, place) for name, place in found if place.is_dir()]


def patched(plan: Plan, root: Path, places: list[tuple[str, Path]]) -> Plan:
    """The plan with all patches applied, in the order of their names or of a file `series`."""
    files = {file.path: file for file in plan.files}
    uses = list(plan.packs)
    for name, place in places:
        listed = _series(place)
        uses.append(PackUse(name, hashlib.sha256(b"\0".join(p.read_bytes() for p in listed)).hexdigest()))
        for patch in listed:
            data = patch.read_bytes()
            for piece in (_GIT if _GIT.search(data) else _PLAIN).split(data):
                if _HUNK.search(piece) or piece.startswith(b"diff --git "):
                    _one(root, files, f"{name}/{patch.name}", piece)
    return replace(plan, packs=tuple(uses), files=tuple(sorted(files.values(), key=lambda file: file.path)))


def _series(place: Path) -> list[Path]:
    """The patches of a folder."""
    order = place / "series"
    if not order.is_file():
        return sorted(place.glob("*.patch"))
    names = [line.split("#")[0].strip() for line in order.read_text(encoding="utf-8").splitlines()]
    found = [place / name for name in names if name]
    for path in found:
        if path.parent != place or not path.is_file():
            raise UsageError(f"{order} names {path.name}, and there is no such patch; mend the list.")
    return found


def _one(root: Path, files: dict[str, FilePlan], patch: str, piece: bytes) -> None:
    """The part of a patch that is about one file."""
    path = _path(patch, piece)
    hunks = [Hunk(patch, path, found[1]) for found in _HUNK.finditer(piece)]
    place = root / path
    inside = root.resolve() in place.resolve().parents and place.is_file() and not place.is_symlink()
    if not inside or b"\n--- /dev/null" in piece or b"\n+++ /dev/null" in piece or not hunks:
        why = "There is no such file" if not inside else "A patch can change a file, not add, delete or rename one"
        whole = hunks or [Hunk(patch, path, piece)]
        _add(files, path, b"", [_finding(hunk, f"{why}, so this was not applied.") for hunk in whole])
        return
    known = files.get(path)
    raw = known.original if known is not None else place.read_bytes()
    now = known.ported if known is not None else raw
    result, rejected = _applied(now, path, piece)
    findings = []
    for hunk in hunks:
        failed = hunk.head in rejected
        if failed:
            rejected.remove(hunk.head)
        findings.append(_finding(hunk, "Its lines are not there any more." if failed else ""))
    _add(files, path, raw, findings, result)


def _path(patch: str, piece: bytes) -> str:
    with tempfile.TemporaryDirectory(prefix="porter-") as folder:
        try:
            told = git.run(Path(folder), "apply", "--numstat", "-z", "-", stdin=piece)
        except git.GitError as error:
            raise UsageError(f"{patch} is no patch that git reads ({error.reason}); make it with git diff.") from error
    path = told.split(b"\t", 2)[2].rstrip(b"\0").decode("utf-8", "surrogateescape") if b"\t" in told else ""
    return path.rpartition("\0")[2]


def _applied(data: bytes, path: str, piece: bytes) -> tuple[bytes, list[bytes]]:
    """The file with the hunks that fit, and the `@@` lines of those that do not."""
    with tempfile.TemporaryDirectory(prefix="porter-") as folder:
        place = Path(folder) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        config = ("-c", "core.autocrlf=false")
        git.run(Path(folder), "apply", "--reject", "--whitespace=nowarn", "-", stdin=piece, config=config, fine=(0, 1))
        refused = place.with_name(f"{place.name}.rej")
        left = refused.read_bytes() if refused.is_file() else b""
        return place.read_bytes(), [found[1].partition(b"\n")[0] for found in _HUNK.finditer(left)]


def _finding(hunk: Hunk, trouble: str) -> Finding:
    told = hashlib.sha256(b"\0".join((hunk.patch.encode(), hunk.path.encode("utf-8", "surrogateescape"), hunk.text)))
    before = hunk.side(b"-")
    return Finding(
        id=f"{RULE}-{told.hexdigest()[:12]}",
        file=hunk.path,
        line=hunk.line,
        column=1,
        verdict=Verdict.MANUAL if trouble else Verdict.PORTED,
        rule=RULE,
        name=hunk.patch,
        why=f"The patch {hunk.patch} changes this file. {trouble}".strip(),
        before=before,
        after=before if trouble else hunk.side(b"+"),
        advice=f"{_MEND} It was to become: {hunk.side(b'+')}" if trouble else "",
        effort=15 if trouble else 0,
    )


def _add(
    files: dict[str, FilePlan], path: str, raw: bytes, findings: list[Finding], ported: bytes | None = None
) -> None:
    known = files.get(path)
    if known is None:
        new = raw if ported is None else ported
        kind = kind_of(path, lambda: raw[:HEAD])
        known = FilePlan(path, hashlib.sha256(raw).hexdigest(), kind, (), raw, new)
    seen = {finding.id for finding in known.findings}
    fresh = tuple(finding for finding in findings if finding.id not in seen)
    files[path] = replace(known, findings=(*known.findings, *fresh), ported=known.ported if ported is None else ported)
