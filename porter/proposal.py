"""What a rule says about one place, before the plan turns it into a finding."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from porter.model import Edit, Safety, Verdict

if TYPE_CHECKING:
    from porter.packs.rule import Rule


@dataclass(frozen=True, slots=True)
class Proposal:
    """A site found by a rule: the bytes where it stands, the verdict, and what to do with it."""

    rule: Rule
    start: int
    end: int
    verdict: Verdict
    edits: tuple[Edit, ...] = ()
    because: str = ""  # what is true of this very place, added to the rule's own `why`
    advice: str = ""  # instead of the rule's own
    subject: str = ""  # what the place is about, such as a package
    fallback: bool = False  # says something general: gives way to any other rule at the same place
    swallows: bool = False  # its edits replace whole expressions: the places in them go with it
    runs: bool = False  # the edited code reaches the device, so the vendor's module must have been imported

    @property
    def changes(self) -> bool:
        """Whether it has an edit that leaves another text than it found."""
        return any(edit.new != edit.expected for edit in self.edits)

    def withheld(self, because: str, advice: str = "", *, fallback: bool = False) -> Proposal:
        """The same site left to a person."""
        return replace(
            self, verdict=Verdict.MANUAL, edits=(), because=because, advice=advice or self.advice, fallback=fallback
        )

    def kept(self) -> Proposal:
        """The same site where the target calls the thing as CUDA does."""
        because = f"{self.because} The target has the same name for it.".strip()
        return replace(self, verdict=Verdict.KEPT, edits=(), because=because, runs=False)


def verdict_of(safety: Safety) -> Verdict:
    """What applying a rule of this safety comes to."""
    return {Safety.SAFE: Verdict.PORTED, Safety.REVIEW: Verdict.REVIEW, Safety.MANUAL: Verdict.MANUAL}[safety]
