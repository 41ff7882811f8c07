"""Patches are applied after the rules; each hunk has a verdict, and one that does not fit is a person's."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_bump import migrate

from porter.bump.upstream import Wish
from porter.bump.work import bump
from porter.checkout.source import open_checkout
from porter.errors import UsageError
from porter.model import Plan, Verdict
from porter.plan import Choice, make_plan
from porter.port import write_sibling

CODE = "import torch\n\nsize = 1\n\n\n\n\n\n\n\n\nx = torch.ones(size).cuda()\n"
PATCH = """\
--- a/a.py
+++ b/a.py
@@ -2,4 +2,4 @@

-size = 1
+size = 2


@@ -20,2 +20,2 @@
-nowhere
+somewhere
 else
"""
NEW_FILE = "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n@@ -0,0 +1 @@\n+x = 1\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "porter-patches").mkdir(parents=True)
    (folder / "a.py").write_text(CODE)
    (folder / "pyproject.toml").write_text('[tool.porter]\npatches = ["porter-patches"]\n')
    (folder / "porter-patches/size.patch").write_text(PATCH)
    return folder


def plan(root: Path) -> Plan:
    with open_checkout(str(root)) as checkout:
        return make_plan(checkout, Choice("npu", patches=(root / "porter-patches",)))


def verdicts(made: Plan) -> list[tuple[str, str, int, Verdict]]:
    return [(f.file, f.name, f.line, f.verdict) for f in made.findings if f.rule == "PATCH"]


def test_hunks_are_applied_after_the_rules_and_failing_ones_are_listed(root: Path) -> None:
    made = plan(root)
    name = "porter-patches/size.patch"
    assert verdicts(made) == [("a.py", name, 2, Verdict.PORTED), ("a.py", name, 20, Verdict.MANUAL)]
    (file,) = (file for file in made.files if file.path == "a.py")
    assert b"size = 2\n" in file.ported and b".npu()" in file.ported and b"somewhere" not in file.ported
    (failed,) = (f for f in made.findings if f.verdict is Verdict.MANUAL and f.rule == "PATCH")
    assert failed.before == "nowhere" and "somewhere" in failed.advice
    assert "porter-patches" in [use.name for use in made.packs]


def test_what_a_patch_cannot_do_is_said(root: Path) -> None:
    (root / "porter-patches/size.patch").unlink()
    (root / "porter-patches/new.patch").write_text(NEW_FILE)
    (root / "porter-patches/gone.patch").write_text(PATCH.replace("a.py", "gone.py"))
    (root / "porter-patches/out.patch").write_text(PATCH.replace("a.py", "../a.py"))
    found = verdicts(plan(root))
    assert {file for file, _, _, _ in found} == {"gone.py", "n.py", "../a.py"}
    assert {verdict for _, _, _, verdict in found} == {Verdict.MANUAL} and len(found) == 5
    (root / "porter-patches/bad.patch").write_text("--- a/a.py\n+++ b/a.py\n@@ -1,9 +1 @@\n-x\n")
    with pytest.raises(UsageError, match="no patch that git reads"):
        plan(root)


def test_a_series_gives_the_order(root: Path) -> None:
    (root / "porter-patches/a.patch").write_text(PATCH.replace("size = 2", "size = 3").replace("size = 1", "size = 2"))
    (root / "porter-patches/series").write_text("size.patch\na.patch # then this\n")
    assert b"size = 3" in next(file.ported for file in plan(root).files if file.path == "a.py")
    (root / "porter-patches/series").write_text("none.patch\n")
    with pytest.raises(UsageError, match=r"none\.patch"):
        plan(root)


def test_a_pack_has_patches_of_its_own(tmp_path: Path, root: Path) -> None:
    packs = tmp_path / "packs"
    (packs / "mine.patches").mkdir(parents=True)
    (packs / "mine.yaml").write_text("pack: mine\ndescribes: Ours.\nrules: []\n")
    (packs / "mine.patches/size.patch").write_text(PATCH)
    with open_checkout(str(root)) as checkout:
        made = make_plan(checkout, Choice("npu", rules=(packs,)))
    assert [name for _, name, _, _ in verdicts(made)] == ["mine.patches/size.patch"] * 2


def test_a_bump_applies_them_again(tmp_path: Path, root: Path) -> None:
    out, newer = tmp_path / "out", tmp_path / "newer"
    migrate(root, write_sibling, out)
    import shutil

    shutil.copytree(root, newer)
    (newer / "a.py").write_text("# new\n" + CODE)
    done = bump(str(out), Wish(str(newer), before=str(root)))
    text = (out / "a.py").read_text()
    assert text.startswith("# new\n") and "size = 2" in text and ".npu()" in text
    assert not [entry for entry in done.drift.entries if entry.kind.value in {"conflict", "hand"}]
