"""A target's file against a vendor's package: which names differ, and the file as the package says it should be."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from porter.data import folder
from porter.errors import UsageError
from porter.targets import catalog
from porter.targets.namespace import Reader
from porter.targets.package import Package
from porter.targets.sheet import Name, Release, Sheet, version
from porter.targets.surface import Surface
from porter.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Difference:
    """A name of CUDA about which the file and the package disagree."""

    dotted: str
    to: str
    has: bool  # the package has it, and the file says that it does not; or the other way round


@dataclass(frozen=True)
class Comparison:
    """How the names of a file came out against a package of one version."""

    version: str
    agree: int
    unseen: tuple[str, ...]  # the text of the package does not show them: made in C++, or by a base class
    differ: tuple[Difference, ...]


def compare(sheet: Sheet, reader: Reader, at: str) -> Comparison:
    """Look every name of the file up in the package, and for a missing one the name that it would have."""
    surface = Surface(sheet, _release(sheet, at))
    agree, unseen, differ = 0, list[str](), list[Difference]()
    for dotted, entry in sorted({**sheet.modules, **sheet.names}.items()):
        to = _candidate(sheet, dotted, entry)
        inside = _inside(sheet, to)
        if not inside:
            continue
        sight = reader.sees(inside)
        told = surface.look(dotted).status in ("same", "renamed", "unknown")
        if sight == "unseen" or (sight == "absent" and "C++" in entry.note):
            unseen.append(to)
        elif (sight == "there") == told:
            agree += 1
        else:
            differ.append(Difference(dotted, to, sight == "there"))
    return Comparison(at, agree, tuple(unseen), tuple(differ))


def rewritten(text: str, sheet: Sheet, found: Comparison) -> str:
    """The text of the file with the differences written in, a line for a line, comments and order kept."""
    entries = {**sheet.modules, **sheet.names}
    for difference in found.differ:
        entry = _mended(sheet, entries[difference.dotted], difference, found.version)
        line = f"  {difference.dotted}: {_written(entry)}"
        old = re.search(rf"(?m)^  {re.escape(difference.dotted)}: .*$", text)
        if old is not None:
            text = text[: old.start()] + line + text[old.end() :]
    if version(found.version) > version(sheet.surface_to):
        text = re.sub(r"(?m)^surface_to: .*$", f"surface_to: {_quoted(found.version)}", text, count=1)
    if found.version not in {release.version for release in sheet.versions}:
        text = _with_row(text, sheet, found.version)
    return text


def _release(sheet: Sheet, at: str) -> Release:
    known = {release.version: release for release in sheet.versions}
    return known.get(at, Release(at, version(at).base_version))


def _candidate(sheet: Sheet, dotted: str, entry: Name) -> str:
    if not entry.missing:
        return entry.to
    return vocabulary().renamed(dotted, sheet.device)


def _inside(sheet: Sheet, to: str) -> str:
    """Where a name of the target lies in the package; empty when it lies in torch itself or elsewhere."""
    for outside, inside in (
        (f"torch.{sheet.device}", sheet.namespace),
        (sheet.module or "torch", sheet.module or "torch"),
    ):
        if inside and f"{to}.".startswith(f"{outside}.") and (sheet.module or outside != "torch"):
            return inside + to[len(outside) :]
    return ""


def _mended(sheet: Sheet, entry: Name, difference: Difference, at: str) -> Name:
    """The entry with the bounds that the package shows."""
    newer = version(at) > version(sheet.surface_to)
    if difference.has:
        since = at if entry.missing or (entry.since and version(at) < version(entry.since)) else entry.since
        return Name(difference.to, since, "", entry.note, entry.rest)
    if newer:
        return Name(entry.to, entry.since, sheet.surface_to, entry.note, entry.rest)
    later = [release.version for release in sheet.versions if version(release.version) > version(at)]
    since = min(later, key=version) if later else ""
    return Name(entry.to, since, entry.until, entry.note, entry.rest) if since else Name("missing", note=entry.note)


def _written(entry: Name) -> str:
    keys = {
        "since": entry.since,
        "until": entry.until,
        "note": entry.note,
        "rest": "" if entry.rest == "unknown" else entry.rest,
    }
    given = [f"{key}: {_quoted(value)}" for key, value in keys.items() if value]
    return f"{{as: {entry.to}, {', '.join(given)}}}" if given else entry.to


def _quoted(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][^:#,{}\[\]\"']*|\d+(\.\w+){2,}", text)
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _with_row(text: str, sheet: Sheet, at: str) -> str:
    """The text with a row for a version that it did not know, newest first."""
    row = f"  - {{version: {_quoted(at)}, torch: {_quoted(version(at).base_version)}, note: added from the package}}\n"
    for release in sheet.versions:
        if version(release.version) < version(at):
            found = re.search(rf"(?m)^  - \{{version: \"?{re.escape(release.version)}\"?,", text)
            if found:
                return text[: found.start()] + row + text[found.start() :]
    last = list(re.finditer(r"(?m)^  - \{version: .*\n", text))[-1]
    return text[: last.end()] + row + text[last.end() :]


def rebuilt(name: str, path: Path, at: str) -> tuple[str, str, str]:
    """A report, the diff of the target's file, and the file as the package says it should be."""
    sheet = catalog.sheet(name)
    if not sheet.namespace:
        raise UsageError(f"{name} has no package of a vendor's to read: its names are those of torch.cuda.")
    package, top = Package(path), sheet.namespace.partition(".")[0]
    if not package.is_package(top):
        raise UsageError(f"{path} does not hold the package {top}, whose names {name} has.")
    at = at or package.version(top)
    try:
        version(at)
    except ValueError:
        raise UsageError(
            f"{path} does not say which version of {top} it is; name it with --at, such as --at 2.6.0."
        ) from None
    file = folder("rules") / "targets" / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    found = compare(sheet, Reader(package), at)
    new = rewritten(text, sheet, found)
    before, after = text.splitlines(keepends=True), new.splitlines(keepends=True)
    diff = "".join(difflib.unified_diff(before, after, f"a/{file.name}", f"b/{file.name}"))
    return _report(name, found), diff, new


def _report(name: str, found: Comparison) -> str:
    lines = [
        f"{name} {found.version}: {found.agree} names agree, {len(found.differ)} differ, "
        f"{len(found.unseen)} cannot be seen."
    ]
    for each in found.differ:
        said = (
            "is there, and the file says that it is not" if each.has else "is not there, and the file says that it is"
        )
        lines.append(f"  {each.to} {said} ({each.dotted})")
    if found.unseen:
        lines.append(
            "Made in C++ or inherited, so that only an import would show them: " + ", ".join(found.unseen) + "."
        )
    return "\n".join(lines)
