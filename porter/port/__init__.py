"""The only room that writes trees: a plan becomes a sibling folder, a change in place, a branch or a patch."""

from __future__ import annotations

from porter.errors import GuardError, OverlapError
from porter.port.branch import write_branch
from porter.port.inplace import write_in_place
from porter.port.patch import patch
from porter.port.sibling import write_sibling
from porter.port.written import Written
from porter.splice import apply

__all__ = [
    "GuardError",
    "OverlapError",
    "Written",
    "apply",
    "patch",
    "write_branch",
    "write_in_place",
    "write_sibling",
]
