"""Targets as text: a list of them, and one in full."""

from __future__ import annotations

from porter.targets.catalog import frameworks, names, names_of_cuda, resolve
from porter.targets.sheet import Release, version
from porter.targets.surface import Surface


def listing() -> str:
    """A line for each target."""
    cuda = names_of_cuda()
    rows = []
    for name in names():
        target, surface = resolve(name)
        have = surface.coverage(cuda)
        covered = f"{have['same'] + have['renamed']} of {have['names']} names of torch.cuda"
        span = f"{len(surface.sheet.versions)} versions"
        rows.append(f"{name:5} {target.title:18} {target.version:13} torch {target.torch:8} {span:12} {covered}")
    rows += [f"{name}: another framework, for a model's folder (docs/mindspore.md)" for name in frameworks()]
    return "\n".join(rows)


def described(spec: str, *, names: bool = False) -> str:
    """What is known of a target at a version."""
    target, surface = resolve(spec)
    sheet, have = surface.sheet, surface.coverage(names_of_cuda())
    lines = [f"{target.name}@{target.version}  {target.title}", ""]
    lines += [f"torch {target.torch}{_python(surface.release)}{_with(surface.release)}"]
    lines += [f"device {sheet.device!r}, backend {sheet.backend!r}, {_module(surface)}"]
    lines += [
        f"names of torch.cuda: {have['same']} the same, {have['renamed']} renamed, {have['missing']} missing, "
        f"{have['unknown']} not known, of {have['names']}"
    ]
    lines += [f"note: {note}" for note in surface.notes]
    lines += ["", *(f"{topic}: {fact}" for topic, fact in sheet.facts.items())] if sheet.facts else []
    lines += ["", "Versions, the newest first:"]
    lines += [_row(release) for release in sorted(sheet.versions, key=lambda r: version(r.version), reverse=True)]
    lines += ["", "Sources:", *(f"  {block}: {source}" for block, source in sheet.sources.items())]
    if names:
        lines += [
            "",
            "Names:",
            *(_name(surface, name) for name in sorted({*sheet.modules, *sheet.names, *names_of_cuda()})),
        ]
    return "\n".join(lines)


def _module(surface: Surface) -> str:
    return f"import {surface.sheet.module}" if surface.sheet.module else "nothing to import beside torch"


def _row(release: Release) -> str:
    status = "" if release.status == "released" else f"  ({release.status})"
    note = f"  {release.note}" if release.note else ""
    return f"  {release.version:14} torch {release.torch}{_python(release)}{_with(release)}{status}{note}"


def _python(release: Release) -> str:
    return f", Python {release.python}" if release.python else ""


def _with(release: Release) -> str:
    return "".join(f", {name} {number}" for name, number in release.released_with.items())


def _name(surface: Surface, dotted: str) -> str:
    answer = surface.look(dotted)
    note = f"  ({answer.note})" if answer.note else ""
    return f"  {dotted} → {answer.name or answer.status}{note}"
