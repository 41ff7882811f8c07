"""The page docs/coverage.md, made from docs/coverage.yaml: what the guides do by hand, and what porter does of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().with_name("coverage.yaml")
_WORDS = {
    "done": "done",
    "part": "in part",
    "hardware": "needs the hardware",
    "open": "not done",
    "context": "nothing to do",
}


def page(made: str) -> str:
    """The page, under the line that says how it was made."""
    whole = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    rows = whole["rows"]
    counts = Counter(row["status"] for row in rows)
    head = (
        f"# What five porting guides do by hand\n\n{made}\n"
        "Five guides of 2023 and 2024 tell how Baichuan, Baichuan2 and ChatGLM2 are brought to other accelerators by "
        "hand. "
        f"These are their {len(rows)} items, the guides' own slips among them, and what porter does of each.\n\n"
        "A test runs each command below in an empty folder, looks for what it has to print, and for every proof that "
        "is named (`tests/test_coverage.py`); `docs/coverage.yaml` has the texts that are looked for. No command was "
        "run on any of the accelerators. *Needs the hardware* is written or printed, and only the cards can show the "
        "rest.\n\n"
    )
    table = "| | items |\n|---|---:|\n" + "".join(f"| {_WORDS[name]} | {counts[name]} |\n" for name in _WORDS)
    return head + table + "".join(_guide(key, title, rows) for key, title in whole["guides"].items())


def _guide(key: str, title: str, rows: list[dict[str, Any]]) -> str:
    own = [row for row in rows if row["id"].startswith(f"{key}-")]
    lines = "".join(_row(row) for row in own)
    return f"\n## {title}\n\n| | item | wanted of a tool | status | shown by |\n|---|---|---|---|---|\n{lines}"


def _row(row: dict[str, Any]) -> str:
    shown = [f"`{row['run']}`"] if "run" in row else []
    shown += [f"`{proof}`" for proof in row.get("proof", ())]
    status = _WORDS[row["status"]] + (f": {row['why']}" if "why" in row else "")
    cells = [row["id"], row["item"], row["must"], status, "<br>".join(shown)]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |\n"


def _cell(text: str) -> str:
    """A cell; what stands between backticks is shown as it is."""
    parts = text.replace("|", "\\|").split("`")
    for number in range(0, len(parts), 2):
        parts[number] = (
            parts[number].replace("<", "&lt;").replace("&lt;br>", "<br>").replace("*", "\\*").replace("_", "\\_")
        )
    return "`".join(parts)
