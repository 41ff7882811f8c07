"""A bump carries a person's changes across, loses nothing whenever it is stopped, and says what it cannot merge."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_port import disk_full, killed, sh, snapshot, with_fault

from porter.bump.merge import Labels, merge
from porter.bump.upstream import Wish
from porter.bump.work import Bumped, bump
from porter.checkout.source import open_checkout
from porter.drift.entry import Kind
from porter.errors import UsageError
from porter.lock import LOCK_NAME, read
from porter.plan import Choice, make_plan
from porter.port import swap, write_branch, write_in_place, write_sibling
from porter.port.item import FILE, Item
from porter.port.journal import recover
from porter.port.sibling import revive
from porter.report import render
from porter.spans import replay, spans

OLD = {
    "train.py": "import torch\n\nx = torch.zeros(1).cuda()\n\n\ndef run():\n    return x.to('cuda')\n\n\ndef end():\n    pass\n",  # noqa: E501
    "other.py": "import torch\n\ny = 1\nz = torch.ones(2).cuda()\n",
    "notes.txt": "".join(f"line {number}\n" for number in range(9)),
    "old name.py": "import torch\n\n# one\n# two\n# three\nmodel = torch.nn.Linear(1, 1).cuda()\n",
    "logo.bin": b"\0\1",
    "run.sh": "#!/bin/sh\necho\n",
    "gone.py": "a = 1\nb = 2\nc = 3\n",
}
NEW = {
    **OLD,
    "train.py": "import torch\n\nx = torch.ones(3).cuda()\n\n\ndef run():\n    return x.to('cuda')\n\n\ndef end():\n    pass\n\n\ntorch.cuda.empty_cache()\n",  # noqa: E501
    "new name.py": OLD["old name.py"],
    "logo.bin": b"\0\2",
    "fresh.py": "import torch\nimport pynvml\n",
}
del NEW["old name.py"], NEW["gone.py"]
LABELS = Labels("yours", "base", "new")


def put(root: Path, files: dict[str, str | bytes]) -> None:
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            path.unlink()
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "run.sh").chmod(0o755)


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A repository with two commits, `one` and `two`."""
    root = tmp_path / "model"
    root.mkdir()
    sh(root, "init", "-q", "-b", "main")
    for tag, files in (("one", OLD), ("two", NEW)):
        put(root, files)
        sh(root, "add", "-A")
        sh(root, "commit", "-qm", tag)
        sh(root, "tag", tag)
    sh(root, "checkout", "-q", "one")
    return root


def migrate(spec: Path | str, how: Callable[..., object], *where: object) -> None:
    with open_checkout(str(spec)) as checkout:
        plan = make_plan(checkout, Choice("npu"))
        extra = {"report.md": render(plan, "markdown").encode(), "report.json": render(plan, "json").encode()}
        how(plan, checkout, *where, extra, {"only": [], "skip": [], "style": "native"})


@pytest.fixture
def port(upstream: Path) -> Path:
    out = upstream.with_name("model_npu")
    migrate(upstream, write_sibling, out)
    return out


def entries(done: Bumped, kind: Kind) -> list[tuple[str, int]]:
    return [(entry.file, entry.line) for entry in done.drift.of(kind)]


def without_own(tree: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, bytes]]:
    return {name: kept for name, kept in tree.items() if name not in {LOCK_NAME, "bump.md", "report.md", "report.json"}}


# -- the whole ----------------------------------------------------------------------------------------------------


def test_without_a_persons_changes_it_is_a_fresh_port(upstream: Path, port: Path) -> None:
    done = bump(str(port), Wish("two"))
    fresh = upstream.with_name("fresh")
    migrate(f"{upstream}@two", write_sibling, fresh)
    assert without_own(snapshot(port)) == without_own(snapshot(fresh))
    assert entries(done, Kind.CONFLICT) == []
    assert done.written is not None and done.written.backup is None
    lock = read(port / LOCK_NAME)
    assert lock.upstream.commit == sh(upstream, "rev-parse", "two").decode().strip()
    assert (port / "bump.md").read_text().startswith("# `model` for `npu`")
    again = bump(str(port), Wish("two"))  # nothing moved, nothing is a person's
    assert not again.drift.needs_a_person and again.drift.entries == ()


def test_what_moved_is_told(port: Path) -> None:
    done = bump(str(port), Wish("two"), dry=True)
    assert ("fresh.py", 2) in entries(done, Kind.NEW)
    assert ("train.py", 14) in entries(done, Kind.NEW)
    assert entries(done, Kind.MOVED) == [
        ("new name.py", 2),
        ("new name.py", 6),
    ]  # the import that porter adds, the call
    assert entries(done, Kind.REWORDED) == [("train.py", 3)]
    assert done.drift.needs_a_person
    assert done.written is None


def test_hand_edits_survive(port: Path) -> None:
    (port / "other.py").write_text((port / "other.py").read_text().replace("y = 1", "y = 2  # mine"))
    (port / "train.py").write_text((port / "train.py").read_text().replace("return x", "return 2 * x"))
    (port / "mine/deep.py").parent.mkdir()
    (port / "mine/deep.py").write_text("mine")
    (port / "mine/link").symlink_to("deep.py")
    (port / "notes.txt").unlink()
    (port / "run.sh").chmod(0o644)
    (port / "old name.py").write_text((port / "old name.py").read_text().replace("# two", "# mine"))
    done = bump(str(port), Wish("two"))
    assert entries(done, Kind.CONFLICT) == []
    assert "y = 2  # mine" in (port / "other.py").read_text()
    train = (port / "train.py").read_text()
    assert "return 2 * x.to('npu')" in train and "torch.ones(3).npu()" in train and "torch.npu.empty_cache()" in train
    assert (port / "mine/link").read_text() == "mine"
    assert not (port / "notes.txt").exists()
    assert not os.access(port / "run.sh", os.X_OK) or (port / "run.sh").stat().st_mode & 0o111 == 0
    assert "# mine" in (port / "new name.py").read_text()  # followed to where upstream has the file now
    assert not (port / "old name.py").exists()
    later = bump(str(port), Wish("one"))  # and back: they are still a person's
    assert "y = 2  # mine" in (port / "other.py").read_text() and "2 * x" in (port / "train.py").read_text()
    assert entries(later, Kind.CONFLICT) == []


def test_a_line_that_both_changed_is_a_conflict_with_both(port: Path) -> None:
    old = (port / "train.py").read_text()
    (port / "train.py").write_text(old.replace("torch.zeros(1).npu()", "torch.zeros(1).npu() * 2"))
    mine = (port / "train.py").read_bytes()
    done = bump(str(port), Wish("two"))
    text = (port / "train.py").read_text()
    ((file, line),) = entries(done, Kind.CONFLICT)
    assert file == "train.py" and text.splitlines()[line - 1] == "<<<<<<< yours"
    assert "torch.zeros(1).npu() * 2" in text and "torch.ones(3).npu()" in text and "||||||| porter's, from" in text
    assert done.written is not None and done.written.backup is not None
    assert (done.written.backup / "train.py").read_bytes() == mine
    assert done.drift.needs_a_person


@pytest.mark.parametrize(
    ("file", "deed", "stays"),
    [
        ("logo.bin", lambda path: path.write_bytes(b"\0mine"), b"\0mine"),
        ("gone.py", lambda path: path.write_bytes(b"a = 1\nb = 2\nc = 4\n"), b"a = 1\nb = 2\nc = 4\n"),
        ("fresh.py", lambda path: path.write_bytes(b"mine\n"), b"mine"),
        ("train.py", lambda path: path.unlink(), b"torch.ones(3).npu()"),
        ("train.py", lambda path: (path.unlink(), path.symlink_to("other.py")), b"y = 1"),
    ],
    ids=["binary", "upstream deleted it", "both added it", "a person deleted it", "a person made it a link"],
)
def test_what_cannot_be_merged_is_listed_and_kept(
    port: Path, file: str, deed: Callable[[Path], object], stays: bytes
) -> None:
    deed(port / file)
    done = bump(str(port), Wish("two"))
    assert file in [name for name, _ in entries(done, Kind.CONFLICT)]
    assert stays in (port / file).read_bytes()


def test_a_rename_by_hand_and_a_name_that_upstream_needs(upstream: Path, port: Path) -> None:
    (port / "other.py").rename(port / "mine.py")
    (port / "data").write_text("a file of mine")
    sh(upstream, "checkout", "-q", "two")
    put(upstream, {**NEW, "other.py": NEW["other.py"].replace("y = 1", "y = 3"), "data/x.txt": "x"})
    sh(upstream, "add", "-A")
    sh(upstream, "commit", "-qm", "three")
    done = bump(str(port), Wish("HEAD"))
    assert "y = 3" in (port / "mine.py").read_text() and not (port / "other.py").exists()
    assert (port / "data~yours").read_text() == "a file of mine"
    assert (port / "data/x.txt").read_text() == "x"
    assert entries(done, Kind.CONFLICT) == [("data~yours", 0)]


def test_a_signed_report_and_a_git_folder_are_kept(port: Path) -> None:
    sh(port, "init", "-q")
    (port / "report.md").write_text("signed")
    done = bump(str(port), Wish("two"))
    assert done.written is not None and done.written.backup is not None
    assert (done.written.backup / "report.md").read_text() == "signed"
    assert (port / ".git/HEAD").exists()
    assert "torch.ones(3).npu()" in (port / "train.py").read_text()


def test_rules_that_changed_since_are_said_and_no_edit_of_a_person(port: Path) -> None:
    lock = json.loads((port / LOCK_NAME).read_text())
    lock["packs"][0]["digest"] = "0" * 64
    old = (port / "other.py").read_text()
    written = old.replace("torch.ones(2).npu()", "torch.ones(2).to('npu')")  # as other rules would have made it
    (port / "other.py").write_text(written)
    lock["spans"]["other.py"] = spans(OLD["other.py"].encode(), written.encode())  # type: ignore[union-attr]
    lock["files"]["other.py"] = lock["tree"]["other.py"] = Item(FILE, written.encode()).digest
    (port / LOCK_NAME).write_text(json.dumps(lock))
    done = bump(str(port), Wish("two"))
    assert "the pack base changed" in [entry.title for entry in done.drift.of(Kind.RULES)]
    assert (port / "other.py").read_text() == old and entries(done, Kind.HAND) == []


def test_plain_folders_and_wrong_ones(tmp_path: Path) -> None:
    one, two = tmp_path / "v1", tmp_path / "v2"
    for root, files in ((one, OLD), (two, NEW)):
        root.mkdir()
        put(root, files)
    out = tmp_path / "out"
    migrate(one, write_sibling, out)
    with pytest.raises(UsageError, match="name that folder with --from"):
        bump(str(out), Wish(str(two)))
    with pytest.raises(UsageError, match="is not what"):
        wrong = tmp_path / "wrong"
        wrong.mkdir()
        put(wrong, dict.fromkeys(OLD, b"else"))
        bump(str(out), Wish(str(two), before=str(wrong)))
    done = bump(str(out), Wish(str(two), before=str(one)))
    assert "torch.ones(3).npu()" in (out / "train.py").read_text()
    assert entries(done, Kind.CONFLICT) == []


@pytest.mark.parametrize("spec", ["nothing", "model", "model@main", "model@nothing"])
def test_what_is_no_port_is_one_sentence(upstream: Path, spec: str) -> None:
    with pytest.raises(UsageError):
        bump(str(upstream.parent / spec), Wish("two"))


# -- in place and on a branch -------------------------------------------------------------------------------------


def test_in_place(upstream: Path) -> None:
    sh(upstream, "checkout", "-qb", "ours", "one")
    migrate(upstream, write_in_place)
    sh(upstream, "add", "-A")
    sh(upstream, "commit", "-qm", "port")
    (upstream / "other.py").write_text((upstream / "other.py").read_text() + "# mine\n")
    with pytest.raises(UsageError, match=r"not committed \(other\.py\)"):
        bump(str(upstream), Wish("two"))
    sh(upstream, "commit", "-qam", "mine")
    (upstream / "untracked").write_text("mine")
    bump(str(upstream), Wish("two"))
    assert "torch.ones(3).npu()" in (upstream / "train.py").read_text()
    assert (upstream / "other.py").read_text().endswith("# mine\n")
    assert (upstream / "untracked").read_text() == "mine"
    assert not (upstream / "gone.py").exists() and (upstream / "new name.py").exists()
    assert sh(upstream, "rev-parse", "--abbrev-ref", "HEAD") == b"ours\n"


def test_on_a_branch(upstream: Path) -> None:
    migrate(upstream, write_branch, "port")
    tree = upstream.with_name("tree")
    sh(upstream, "worktree", "add", "-q", str(tree), "port")
    (tree / "other.py").write_text((tree / "other.py").read_text() + "# mine\n")
    sh(tree, "commit", "-qam", "mine")
    with pytest.raises(UsageError, match="checked out"):
        bump(f"{upstream}@port", Wish("two"))
    sh(upstream, "worktree", "remove", str(tree))
    before = snapshot(upstream)
    tip = sh(upstream, "rev-parse", "port").decode().strip()
    done = bump(f"{upstream}@port", Wish("two"))
    assert snapshot(upstream) == before
    assert done.written is not None and done.written.branch == "port"
    two = sh(upstream, "rev-parse", "two").decode().strip()
    assert sh(upstream, "show", "-s", "--format=%P", "port").decode().split() == [tip, two]
    assert sh(upstream, "show", "port:other.py").endswith(b"# mine\n")
    assert b"torch.ones(3).npu()" in sh(upstream, "show", "port:train.py")
    assert b"gone.py" not in sh(upstream, "ls-tree", "--name-only", "port")


def test_a_branch_with_conflicts_is_left_alone(upstream: Path) -> None:
    sh(upstream, "checkout", "-q", "one")
    migrate(upstream, write_branch, "port")
    sh(upstream, "checkout", "-q", "port")
    (upstream / "train.py").write_text((upstream / "train.py").read_text().replace("zeros(1)", "zeros(7)"))
    sh(upstream, "commit", "-qam", "mine")
    sh(upstream, "checkout", "-q", "one")
    tip = sh(upstream, "rev-parse", "port")
    done = bump(f"{upstream}@port", Wish("two"))
    assert sh(upstream, "rev-parse", "port") == tip
    assert done.written is not None and done.written.branch.startswith("port-bump-")
    assert b"<<<<<<< yours" in sh(upstream, "show", f"{done.written.branch}:train.py")


# -- faults -------------------------------------------------------------------------------------------------------


def small(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two releases as plain folders, and a port of the first with a person's changes."""
    one, two, out = tmp_path / "v1", tmp_path / "v2", tmp_path / "out"
    for root, zeros in ((one, "zeros(1)"), (two, "zeros(2)")):
        root.mkdir()
        (root / "a.py").write_text(f"import torch\nx = torch.{zeros}.cuda()\n\n\n\ny = 1\n")
    migrate(one, write_sibling, out)
    (out / "a.py").write_text((out / "a.py").read_text().replace("y = 1", "y = 2"))
    (out / "mine.txt").write_text("mine")
    return one, two, out


@pytest.mark.parametrize("fault", [killed, disk_full])
@pytest.mark.parametrize("how", ["exchange", "two renames", "work tree"])
def test_a_fault_at_any_write_leaves_the_port_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], None], how: str
) -> None:
    if how == "two renames":
        monkeypatch.setattr(swap, "_exchanged", lambda *_: False)
    one, two, out = small(tmp_path)
    if how == "work tree":  # there the folder itself stays, and files are replaced one by one
        sh(out, "init", "-q")
    saved = tmp_path / "saved"
    shutil.copytree(out, saved, symlinks=True)
    old, wish = snapshot(out), Wish(str(two), before=str(one))
    bump(str(out), wish)
    new, seen, step, code = snapshot(out), set(), 0, 1
    assert "y = 2" in (out / "a.py").read_text() and "zeros(2)" in (out / "a.py").read_text()
    while code or step < 60:
        step += 1
        for left in tmp_path.glob("*out*"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.copytree(saved, out, symlinks=True)
        code = with_fault(lambda: bump(str(out), wish), step, fault)
        assert code in ((0, -signal.SIGKILL) if fault is killed else (0, 2))
        revive(out)  # what the next run begins with
        recover(out)
        state = snapshot(out)
        assert state in (old, new)
        seen.add(state == new)
        if step % 7 == 0 and state == old:
            bump(str(out), wish)
            assert snapshot(out) == new
    assert seen == {True, False}


# -- the merge of one file ----------------------------------------------------------------------------------------

LINES = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"\xff\n", b"c\n", b"\n", b"no end"]), max_size=6).map(b"".join)


@settings(deadline=None, max_examples=60)
@given(base=LINES, mine=LINES, theirs=LINES)
def test_a_merge_loses_no_line_of_a_person(base: bytes, mine: bytes, theirs: bytes) -> None:
    sides = [Item(FILE, data) for data in (base, mine, theirs)]
    merged = merge(sides[0], sides[1], sides[2], LABELS)
    if mine == base:
        assert merged.item.read() == theirs
    if theirs == base:
        assert merged.item.read() == mine
    added = set(mine.splitlines()) - set(base.splitlines())
    assert added <= set(merged.item.read().splitlines())
    assert merged.clean or merged.lines


@given(old=LINES, new=LINES)
def test_spans_make_the_new_from_the_old(old: bytes, new: bytes) -> None:
    made = json.loads(json.dumps(spans(old, new)))
    assert replay(old, [tuple(span) for span in made]) == new


def test_git_shows_the_conflict_as_it_does(tmp_path: Path) -> None:
    for name, data in (("yours", "a\nmine\nc\n"), ("base", "a\nb\nc\n"), ("new", "a\ntheirs\nc\n")):
        (tmp_path / name).write_text(data)
    shown = subprocess.run(["git", "merge-file", "-p", "--diff3", "yours", "base", "new"], cwd=tmp_path, capture_output=True, check=False)  # noqa: E501  # fmt: skip
    items = [Item(FILE, (tmp_path / name).read_bytes()) for name in ("base", "yours", "new")]
    assert merge(items[0], items[1], items[2], LABELS).item.read() == shown.stdout
