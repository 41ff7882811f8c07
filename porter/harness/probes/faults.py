"""An exception as data: what it said, and the innermost line of the repository that it came through."""

from __future__ import annotations

import os
import re
import traceback
from typing import Any


class NotRunnable(Exception):
    """The probe cannot be made for this repository; the sentence says why. Nobody's fault."""


def fault(error: BaseException, root: str) -> dict[str, Any]:
    """What a person must know of an exception."""
    inside = os.path.realpath(root) + os.sep
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    own = [frame for frame in frames if os.path.realpath(frame.filename).startswith(inside)]
    at = f"{os.path.realpath(own[-1].filename)[len(inside) :]}:{own[-1].lineno}" if own else ""
    if isinstance(error, SyntaxError) and error.filename and os.path.realpath(error.filename).startswith(inside):
        at = f"{os.path.realpath(error.filename)[len(inside) :]}:{error.lineno}"
    said = [line for line in str(error).splitlines() if line.strip()][:1]
    return {
        "type": type(error).__name__,
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "message": (said[0] if said else "")[:400],
        "at": at,
        "code": (own[-1].line or "").strip()[:200] if own else "",
        "missing": _missing(error),
    }


def _missing(error: BaseException) -> str:
    """The module that an import wanted; a version that does not fit tells its story where the name would be."""
    name = getattr(error, "name", None) if isinstance(error, ImportError) else None
    found = re.match(r"(?:The ')?([\w.-]+)(?:' distribution was not found|$)", name or "")
    return found[1] if found else ""
