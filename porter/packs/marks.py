"""By which files a checkout is known as a project that has a pack: its own name need not say so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from porter.packs.pack import PackFile

_FILES = 50  # of a glob: a mark that is not in the first ones is none
_SIZE = 1024 * 1024


def marked(root: Path, packs: Iterable[PackFile]) -> dict[str, str]:
    """The projects of which some mark is found at `root`, each with its version where a mark tells it."""
    found: dict[str, str] = {}
    for pack in packs:
        for mark in pack.marks if pack.upstream else ():
            versions = [_version(root, glob, text) for glob, text in mark.items()]
            if None not in versions:
                found.setdefault(str(pack.upstream).lower(), next(filter(None, versions), ""))
    return found


def _version(root: Path, glob: str, text: str) -> str | None:
    """What the group `version` holds in the first file that contains the text; None where no file does."""
    for path in islice(sorted(root.glob(glob)), _FILES):
        hit = re.search(text, _read(path), re.MULTILINE)
        if hit is not None:
            return hit.groupdict().get("version") or ""
    return None


def _read(path: Path) -> str:
    try:
        whole = path.is_file() and path.stat().st_size <= _SIZE
        return path.read_text(encoding="utf-8", errors="replace") if whole else ""
    except OSError:
        return ""
