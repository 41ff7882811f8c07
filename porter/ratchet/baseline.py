"""The baseline: the places that a repository has and may keep, in a file that a person can read and review."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from porter.drift.site import Site, of_locked
from porter.errors import UsageError
from porter.lock import LockedFinding
from porter.model import Verdict

NAME = "porter-baseline.json"
MADE_BY = "porter baseline"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """The places by file, and for which target they were looked for."""

    format: int
    made_by: str
    target: str
    places: dict[str, tuple[LockedFinding, ...]]

    @property
    def sites(self) -> list[Site]:
        return [of_locked(file, place) for file, places in sorted(self.places.items()) for place in places]


def counts(site: Site) -> bool:
    """Whether a place is one to keep a count of: what stays as it is, such as a comment, and what follows from
    another place, such as an import that porter adds, is none; nor does the baseline itself."""
    return site.verdict != Verdict.KEPT.value and not site.inserted and not site.file.endswith(NAME)


def render(target: str, sites: list[Site]) -> bytes:
    """The baseline as stable bytes, a place a line, so that a diff of it reads as what was allowed."""
    places: dict[str, list[LockedFinding]] = {}
    for site in sorted(sites, key=lambda site: (site.file, site.text, site.rule, site.id)):
        # Without its line, which would change with every line above it.
        places.setdefault(site.file, []).append(LockedFinding(site.rule, site.id, site.verdict, 0, site.text))
    files = []
    for file, found in sorted(places.items()):
        rows = ",\n   ".join(json.dumps(asdict(place), sort_keys=True, ensure_ascii=False) for place in found)
        files.append(f"  {json.dumps(file, ensure_ascii=False)}: [\n   {rows}\n  ]")
    body = "{\n" + ",\n".join(files) + "\n }" if files else "{}"
    head = f' "format": {FORMAT},\n "made_by": "{MADE_BY}",\n "target": {json.dumps(target)},\n "places": '
    return f"{{\n{head}{body}\n}}\n".encode("utf-8", "backslashreplace")


def read(path: Path) -> Baseline:
    """The baseline at `path`; UsageError when it is not one that this porter understands."""
    import msgspec

    try:
        found = msgspec.convert(json.loads(path.read_bytes().decode("utf-8")), Baseline)
    except OSError as error:
        raise UsageError(
            f"porter cannot read the baseline {path} ({error.strerror}); write one with porter baseline."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a whole baseline ({error}); write a new one with porter baseline.") from error
    if found.made_by != MADE_BY or found.format != FORMAT:
        raise UsageError(f"{path} is no baseline of this porter; write a new one with porter baseline.")
    return found
