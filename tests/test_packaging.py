"""The package itself: light to start, small files that say what they are for, nothing of one machine in it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import porter

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    info.name for info in pkgutil.walk_packages(porter.__path__, "porter.") if not info.name.endswith("__main__")
)
FILES = sorted((ROOT / "porter").rglob("*.py"))
NAMES = [str(file.relative_to(ROOT)) for file in FILES]

LONGEST = 300
HEAVY = ("libcst", "git", "jinja2", "rich", "yaml", "tomlkit", "tree_sitter", "msgspec", "packaging", "torch")

# Home folders and the like. What stands in a fixture or a test is the text of a ported repo and not ours,
# and /home/you is what the documents call the reader's folder.
MACHINE = re.compile(rb"(?<![\w.$}/-])/(?:work|root|home(?!/you\b)|Users|tmp/[\w.-]+|private/var|mnt/[\w.-]+)/[\w.-]+")
NOT_OURS = ("fixtures/", "tests/", "reports/", "docs/", "rules/facts/")

_PROBE = """
import sys
before = set(sys.modules)
import {module}
print("\\n".join(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""


def imports_of(module: str) -> set[str]:
    """The packages that importing a module alone brings along, seen in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(module=module)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["porter", "porter.cli", "porter.cli.shared", "porter.model"])
def test_the_way_in_loads_nothing_heavy(module: str) -> None:
    assert imports_of(module) & set(HEAVY) == set()


def test_a_heavy_import_would_be_seen() -> None:
    assert "libcst" in imports_of("libcst")


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_imported(module: str) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name not in ("torch", "numpy", "mindspore") or importlib.util.find_spec(missing.name) is not None:
            raise
        elsewhere = module.startswith("porter.mindspore.probes.")  # scripts for the Pythons of torch and MindSpore
        needs_torch = module.startswith(("porter.sim.", "porter.harness.probes.")) and missing.name == "torch"
        assert needs_torch or elsewhere, "only what runs on a simulated device, or in another Python, may need that"


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_file_opens_with_a_sentence_that_says_what_it_is_for(file: Path) -> None:
    said = ast.get_docstring(ast.parse(file.read_bytes()))
    assert said, "it has no docstring"
    first = " ".join(said.split("\n\n")[0].split())
    assert first.endswith(".") and len(first) <= 240, first


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_file_is_short(file: Path) -> None:
    assert len(file.read_bytes().splitlines()) <= LONGEST


def test_the_rules_and_templates_are_found() -> None:
    from porter.data import folder

    assert (folder("rules") / "base.yaml").is_file()
    assert any(folder("templates").rglob("*.j2"))


def test_no_tracked_file_names_a_place_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so nothing says which files are tracked")
    tracked = [name for name in listed.stdout.decode("utf-8", "surrogateescape").split("\0") if name]
    ours = [ROOT / name for name in tracked if not name.startswith(NOT_OURS)]
    assert [
        f"{file.relative_to(ROOT)}: {found[0].decode()}"
        for file in ours
        if file.is_file()
        for found in MACHINE.finditer(file.read_bytes())
    ] == []


def test_the_machine_pattern_finds_what_it_should() -> None:
    assert MACHINE.search(b"open('/home/someone/repo')")
    assert not MACHINE.search(b"https://host/home/page and /usr/bin/env and $HOME/home/x and ./work/x")
