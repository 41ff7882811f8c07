"""Replays the console sessions of a page: each command is run in a scratch folder and its real output put below it.

A session is a block fenced as `console`, in which a line that starts with `$ ` is a command. All sessions of a page
share one scratch folder with a copy of `fixtures`; a block below `<!-- file: NAME -->` is written there as a file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = "~"  # what a page shows in the place of the scratch folder

_BLOCK = re.compile(
    r"(?P<head>(?:<!-- file: (?P<file>[\w./-]+) -->\n)?^ *```(?P<language>\w+)\n)(?P<body>.*?)(?=^ *```$)", re.M | re.S
)


def replayed(page: str) -> str:
    """The page with the output that its commands have now."""
    if "```console" not in page:
        return page
    with tempfile.TemporaryDirectory(prefix="porter-docs-") as folder:
        home = Path(folder).resolve() / "you"
        environment = _environment(home)

        def block(found: re.Match[str]) -> str:
            body = found["body"]
            if found["file"]:
                file = home / found["file"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(body, encoding="utf-8")
            elif found["language"] == "console":
                body = _session(body, home, environment)
            return found["head"] + body

        return _BLOCK.sub(block, page)


def _environment(home: Path) -> dict[str, str]:
    """A home with the fixtures, and with this very porter as `porter` on the path."""
    programs = home.parent / "bin"
    programs.mkdir()
    (programs / "porter").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m porter "$@"\n', encoding="utf-8")
    (programs / "porter").chmod(0o755)
    shutil.copytree(ROOT / "fixtures", home / "fixtures", symlinks=True)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "LC_ALL": "C",
    }


def _session(body: str, home: Path, environment: dict[str, str]) -> str:
    """One line for each command, each with what it says."""
    shown = []
    for command in re.findall(r"^\$ (.+)$", body, re.M):
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=home, env=environment, capture_output=True, text=True, check=False
        )
        said = (done.stdout + done.stderr).replace(str(home), HOME)
        lines = [line.rstrip() for line in said.rstrip("\n").splitlines()]
        shown.append("\n".join([f"$ {command}", *lines]))
    return "\n".join(shown) + "\n"
