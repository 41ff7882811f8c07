"""The names that a target has at one version: what a name of CUDA is called there, or that it is missing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from porter.targets.sheet import Name, Release, Sheet, version
from porter.vocabulary import vocabulary

Status = Literal["same", "renamed", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a name. `same`: it stays, or only its segment `cuda` becomes the device; `renamed`: anything else.

    An `unknown` name has no `name`, except below the oldest version looked at: there it is the name that this one has.
    """

    status: Status
    name: str = ""
    note: str = ""
    since: str = ""


@dataclass(frozen=True)
class Surface:
    """A target's names at the version of `release`."""

    sheet: Sheet
    release: Release

    def look(self, dotted: str) -> Answer:
        """What `dotted`, a qualified name such as torch.cuda.Stream.wait_event, is on the target."""
        known = self._longest(dotted)
        if not known:
            return Answer("unknown", note=f"porter has no entry for {dotted}")
        entry, tail = self._entries[known], dotted[len(known) :]
        if entry.missing:
            return Answer("missing", note=entry.note)
        gone = self._gone(known)
        if gone:
            return gone
        if tail and known in self.sheet.modules and entry.rest == "unknown":
            return Answer("unknown", note=f"{entry.to} is there, but porter has no entry for {dotted}")
        status: Status = "same" if entry.to in (known, self._renamed(known)) else "renamed"
        if not self.probed:
            note = f"{entry.note}. {self.caveat}" if entry.note else self.caveat
            return Answer("unknown", entry.to + tail, note, entry.since)
        return Answer(status, entry.to + tail, entry.note, entry.since)

    def coverage(self, names: Collection[str]) -> dict[str, int]:
        """How many of these names of CUDA have which status, and `names`: how many there are."""
        counts = dict.fromkeys(("same", "renamed", "missing", "unknown"), 0)
        for dotted in names:
            counts[self.look(dotted).status] += 1
        return {"names": len(names), **counts}

    @cached_property
    def probed(self) -> bool:
        """False below the oldest version whose names were looked at: no answer there can be sure."""
        return version(self.release.version) >= version(self.sheet.surface_from)

    @cached_property
    def caveat(self) -> str:
        """A sentence for the report when this version's own names were not looked at, else nothing."""
        here, first, last = self.release.version, self.sheet.surface_from, self.sheet.surface_to
        if not self.probed:
            taken = f"the names of {first}, the oldest version that was, are taken"
        elif version(here) > version(last):
            taken = f"the names seen up to {last} are taken"
        else:
            return ""
        return f"The names of {self.sheet.target} {here} itself were not looked at: {taken}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know about this version, for the head of the report."""
        return tuple(filter(None, (self.release.caution, self.caveat)))

    @cached_property
    def _entries(self) -> dict[str, Name]:
        return {**self.sheet.modules, **self.sheet.names}

    def _longest(self, dotted: str) -> str:
        """The longest listed name that `dotted` is or begins with; empty when there is none."""
        while dotted and dotted not in self._entries:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def _gone(self, known: str) -> Answer | None:
        """`missing` when the version lacks the name, or a module or class that the name lies in on the target."""
        target = self._entries[known].to
        outer = known
        while outer:
            entry = self._entries.get(outer)
            if entry and f"{target}.".startswith(f"{entry.to}."):
                note = self._outside(entry)
                if note:
                    return Answer("missing", note=note, since=entry.since)
            outer = outer.rpartition(".")[0]
        return None

    def _outside(self, entry: Name) -> str:
        """Why the version is outside the entry's bounds; empty when it is within."""
        here, what = version(self.release.version), ""
        # A post release of the last version still has the name: 2.6.0.post3 is within `until: 2.6.0`.
        if entry.since and here < version(entry.since):
            what = f"{entry.to} is there since {entry.since}"
        elif entry.until and here > version(entry.until) and here.release != version(entry.until).release:
            what = f"{entry.to} is there until {entry.until}"
        return what and f"{what}, and this is {self.sheet.target} {self.release.version}"

    def _renamed(self, dotted: str) -> str:
        return vocabulary().renamed(dotted, self.sheet.device)
