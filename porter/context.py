"""The context: what planning a single file needs to know about everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from porter.model import Target
from porter.options import Ledger
from porter.packs.pack import Pack
from porter.python.signatures import Files
from porter.targets.surface import Surface
from porter.triage import Triage

if TYPE_CHECKING:
    from porter.styles.style import Agnostic


@dataclass(frozen=True)
class Context:
    """The rules and the target, the words to look for, and the repo's other Python files."""

    pack: Pack
    target: Target
    surface: Surface
    triage: Triage
    library: Files
    own_methods: dict[str, frozenset[str]]
    style: Agnostic | None = None
    docs: bool = False  # whether code blocks of documents are ported, too
    options: Ledger = field(default_factory=Ledger)  # filled as the programs of the checkout are planned
