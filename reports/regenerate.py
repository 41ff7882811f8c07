"""Makes the reports and patches of the fixtures that lie in this folder: `python reports/regenerate.py`.

They are what a reviewer of porter itself looks at: a change to a rule or to the engine shows here as a diff, and a test
compares them with what porter makes now.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from porter.checkout.source import open_checkout
from porter.model import Origin
from porter.plan import Choice, make_plan
from porter.port import patch
from porter.report import render

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parent / "fixtures"


def produce() -> dict[str, bytes]:
    """Every file of this folder that porter makes, by its name."""
    made: dict[str, bytes] = {}
    for case in sorted(path.parent for path in FIXTURES.glob("*/case.yaml")):
        for target in yaml.safe_load((case / "case.yaml").read_text(encoding="utf-8"))["targets"]:
            with open_checkout(str(case / "in")) as checkout:
                plan = make_plan(replace(checkout, origin=Origin(case.name)), Choice(target))
            name = f"{case.name}.{target}"
            made[f"{name}.report.md"] = render(plan, "markdown").encode("utf-8", "backslashreplace")
            made[f"{name}.patch"] = patch(plan)
    return made


def main() -> None:
    made = produce()
    for path in HERE.glob("*.*"):
        if path.suffix in {".md", ".patch"} and path.name not in made and path.name != "README.md":
            path.unlink()
    for name, content in made.items():
        (HERE / name).write_bytes(content)


if __name__ == "__main__":
    main()
