"""Makes mutants: a correct port with one bug in it, either declared in seeded/ or made from what porter changed."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from porter.checkout.source import open_checkout
from porter.model import FilePlan, Plan
from porter.plan import Choice, make_plan
from porter.splice import apply

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1] / "fixtures"
OTHER = {"npu": "mlu", "mlu": "npu"}
BACKEND = {"npu": "hccl", "mlu": "cncl"}


@dataclass(frozen=True)
class Mutant:
    """One bug: the whole new content of one file of a port. `killer` is the check that is expected to see it."""

    name: str
    kind: str
    fixture: str
    target: str
    file: str
    content: bytes
    killer: str = ""

    def write(self, port: Path, place: Path) -> None:
        """A copy of the port with the bug in it."""
        shutil.copytree(port, place, symlinks=True)
        (place / self.file).write_bytes(self.content)


def fixtures() -> dict[str, dict[str, Any]]:
    """What is run of each fixture."""
    return dict(yaml.safe_load((HERE / "fixtures.yaml").read_text(encoding="utf-8")))


def mend(fixture: str, target: str, port: Path) -> None:
    """What porter left to a person and a port needs to run, done as that person would."""
    for place in fixtures()[fixture].get("mends", ()):
        if target in place["targets"]:
            text = (port / place["file"]).read_bytes().decode("utf-8")
            if text.count(place["old"]) != 1:
                raise SystemExit(f"{fixture}: {place['old']!r} stands {text.count(place['old'])} times on {target}.")
            (port / place["file"]).write_bytes(text.replace(place["old"], place["new"]).encode("utf-8"))


def declared(fixture: str, target: str, port: Path) -> Iterator[Mutant]:
    """The bugs of seeded/: a file for each kind."""
    for path in sorted((HERE / "seeded").glob("*.yaml")):
        for number, bug in enumerate(yaml.safe_load(path.read_text(encoding="utf-8"))["bugs"], 1):
            if bug["fixture"] == fixture and target in bug.get("targets", (target,)):
                old, new = (_named(bug[key], target) for key in ("old", "new"))
                text = (port / bug["file"]).read_bytes().decode("utf-8")
                if text.count(old) != 1:
                    raise SystemExit(f"{path.name}, bug {number}: {old!r} stands {text.count(old)} times on {target}.")
                name = f"{path.stem} {number} {fixture} {target}"
                content = text.replace(old, new).encode("utf-8")
                yield Mutant(name, path.stem, fixture, target, bug["file"], content, bug["killer"])


def made(fixture: str, target: str, most: int) -> Iterator[Mutant]:
    """Bugs made by rule from what porter changed: at most so many of a kind, always the same."""
    found: dict[str, list[Mutant]] = {}
    for file in _plan(fixture, target).changed:
        for kind, where, content in (*_edits_otherwise(file, target), *_moves_dropped(file, target)):
            name = f"{kind} {fixture} {target} {file.path}:{where}"
            found.setdefault(kind, []).append(Mutant(name, kind, fixture, target, file.path, content))
    for kind in sorted(found):
        yield from random.Random(7).sample(found[kind], min(most, len(found[kind])))


def _edits_otherwise(file: FilePlan, target: str) -> Iterator[tuple[str, str, bytes]]:
    """The file with the edits of one place made otherwise, or not at all."""
    yield "made: a file forgotten", "1", file.original
    for finding in file.findings:
        for kind, change in _CHANGES.items():
            edits = [edit for other in file.findings for edit in other.edits if edit not in finding.edits]
            edits += [replace(edit, new=change(edit.expected, edit.new, target.encode())) for edit in finding.edits]
            content = apply(file.original, edits)
            if content != file.ported:
                yield kind, f"{finding.line}:{finding.column} {finding.rule}", content


def _moves_dropped(file: FilePlan, target: str) -> Iterator[tuple[str, str, bytes]]:
    """The file without one of its moves to the device, ported or not."""
    if file.kind == "python":
        for found in re.finditer(
            rb"\.(%s\([^()]*\)|to\(([\w.]*device|[\w.]+\.device)\b[^()]*\))" % target.encode(), file.ported
        ):
            line = file.ported.count(b"\n", 0, found.start()) + 1
            yield "made: a move dropped", str(line), file.ported[: found.start()] + file.ported[found.end() :]


_plans: dict[tuple[str, str], Plan] = {}


def _plan(fixture: str, target: str) -> Plan:
    if (fixture, target) not in _plans:
        with open_checkout(str(ROOT / fixture / "in")) as checkout:
            _plans[fixture, target] = make_plan(checkout, Choice(target))
    return _plans[fixture, target]


def _named(text: str, target: str) -> str:
    """<device>, <other> and <backend> as in rules."""
    words = {"device": target, "other": OTHER[target], "backend": BACKEND[target], "wrong": BACKEND[OTHER[target]]}
    return re.sub(r"<(device|other|backend|wrong)>", lambda found: words[found[1]], text)


def _forgotten(old: bytes, new: bytes, target: bytes) -> bytes:
    del new, target
    return old


def _of_another_vendor(old: bytes, new: bytes, target: bytes) -> bytes:
    del old
    name = target.decode()
    return new.replace(BACKEND[name].encode(), BACKEND[OTHER[name]].encode()).replace(target, OTHER[name].encode())


def _on_the_cpu(old: bytes, new: bytes, target: bytes) -> bytes:
    del old
    return re.sub(rb"(?<![\w.])%s(?![\w.(])" % target, b"cpu", new)


_CHANGES: dict[str, Callable[[bytes, bytes, bytes], bytes]] = {
    "made: a place forgotten": _forgotten,
    "made: another vendor's name": _of_another_vendor,
    "made: cpu for the device": _on_the_cpu,
}
