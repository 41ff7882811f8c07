"""The plans of single files, each reused only while everything that it was made from is as it was.

A plan of a file depends on its bytes, its path, the rules, the target, porter itself, and on what the reading asked
about other files: which file an import means, what a function there calls its parameters. All of it is part of the key
or asked again. A memory that is missing, broken or of another porter is an empty one, which
makes a run slow and never wrong.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from porter.cache.record import Question, Record
from porter.cache.store import Store
from porter.cache.witness import Witness, answer
from porter.checkout.walk import Entry
from porter.data import folder as data_folder
from porter.lock import digest, facts
from porter.model import FilePlan, Problem, Target

if TYPE_CHECKING:
    from porter.context import Context
    from porter.packs.pack import Pack
    from porter.plan import Choice
    from porter.styles.style import Agnostic

Planned = tuple[FilePlan | None, list[Problem]]


@dataclass
class Memory:
    """What is known about the files of one checkout. Records are found by path and checked by digest."""

    folder: Path
    root: Path
    choice: Choice
    store: Store = field(default_factory=Store)
    _key: str = ""
    _fresh: dict[str, Record] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)
    reused: int = 0

    def rules(self, pack: Pack, target: Target, style: Agnostic | None = None, *, docs: bool = False) -> None:
        """Which rules and which porter the plans belong to; then what was remembered for them is read."""
        parts = [
            *(f"{use.name} {use.digest}" for use in pack.uses),
            *(rule.id for rule in pack.rules),
            *(f"{name}={value}" for name, value in sorted(pack.variables.items())),
            f"{target.name}@{target.version}",
            facts(target.name),
            repr(style),
            f"docs={docs}",
            _porter(),
        ]
        self._key = digest("\0".join(parts).encode())
        self.store = Store.read(self._place, self._key)

    def concerns(self, entry: Entry, raw: bytes) -> bool | None:
        """Whether the file may hold a site, where that is known."""
        found = self._digests[entry.path] = digest(raw)
        known = self.store.records.get(entry.path)
        if known is not None and known.digest == found:
            self._fresh[entry.path] = known
            return known.concerns
        return None

    def learn(self, entry: Entry, concerns: bool) -> None:
        """What the triage found out about a file that was not known. Its plan, if it gets one, comes later."""
        self._fresh[entry.path] = Record(self._digests[entry.path], concerns)

    def planned(self, entry: Entry, raw: bytes, context: Context, plan: Callable[..., Planned]) -> Planned:
        """The plan of a file: the remembered one while it holds, else a new one, which is remembered."""
        methods = repr(sorted((name, sorted(found)) for name, found in context.own_methods.items()))
        own = digest(f"{methods} {context.options.state}".encode())
        known = self._fresh[entry.path]
        if known.own == own and self._still(known.asked, context):
            self.reused += 1
            if known.lesson is not None:
                context.options.take(entry.path, known.lesson)
            return known.planned(raw), list(known.problems)
        witness = Witness(context.library, self._digest_of)
        made, problems = plan(entry, raw, replace(context, library=witness))
        record = Record.of(self._digests[entry.path], own, witness.asked, made, problems)
        self._fresh[entry.path] = replace(record, lesson=context.options.lessons.get(entry.path))
        return made, problems

    def save(self) -> None:
        """Write what is known now, of files that are there now."""
        if self._fresh != self.store.records:
            Store(self._fresh).write(self._place, self._key)

    @property
    def _place(self) -> Path:
        where = hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:16]
        return self.folder / f"plans-{where}-{self.choice.target.replace('/', '_')}.bin"

    def _still(self, asked: tuple[Question, ...], context: Context) -> bool:
        return all(answer(context.library, self._digest_of, question) == question.answer for question in asked)

    def _digest_of(self, path: str) -> str:
        if path not in self._digests:
            try:
                self._digests[path] = digest((self.root / path).read_bytes())
            except OSError:
                self._digests[path] = ""
        return self._digests[path]


def _porter() -> str:
    """porter's own code and its facts about packages: another porter may read the same file in another way."""
    import sys

    import porter

    home = Path(porter.__file__).parent
    seen = hashlib.sha256(sys.version.encode())
    for path in (*sorted(home.rglob("*.py")), *sorted((data_folder("rules") / "facts").glob("*"))):
        seen.update(path.name.encode() + path.read_bytes())
    return seen.hexdigest()
