"""Ports are byte-faithful, whole or not there, and never cost a person a file; faults are injected at every step."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porter import lock
from porter.checkout.source import Checkout, open_checkout
from porter.errors import GuardError, OverlapError, UsageError
from porter.model import Edit, FilePlan, Origin, Plan, Target
from porter.port import apply, patch, swap, write_branch, write_in_place, write_sibling

EXTRA = {"report.md": b"# report\n", "verify/check.py": b""}
FILES = {
    "a.py": b'x.to("cuda")\n',
    "with space.py": b"cuda\r\nb\r\n",
    "模型/文.py": "# coding: gbk\n# 中 cuda".encode("gbk"),
    "bom.py": b"\xef\xbb\xbfcuda\n",
    "tab\tquo\"te\\.py": b"1\r2\x0c3\ncuda",
    os.fsdecode(b"caf\xe9.py"): b"\n" * 9 + b"cuda\n" + b"\n" * 9 + b"cuda\n",
    "empty.py": b"",
    "weights.bin": bytes(range(256)) * 9,
    "run.sh": b"#!/bin/sh\ncuda\n",
}  # fmt: skip


def sh(folder: Path, *words: str, given: bytes = b"") -> bytes:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *words]
    return subprocess.run(command, cwd=folder, env=env, input=given, check=True, capture_output=True).stdout


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every path below the folder with its mode and content, .git apart."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.split("/")[0] != ".git":
            status = path.lstat()
            link = stat.S_ISLNK(status.st_mode)
            content = os.fsencode(path.readlink()) if link else path.read_bytes() if path.is_file() else b""
            found[name] = (0 if link else status.st_mode, content)
    return found


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A checkout with every sort of file, committed."""
    root = tmp_path / "百川 7B"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "run.sh").chmod(0o755)
    (root / "link.py").symlink_to("a.py")
    (root / "dangling").symlink_to("/nowhere")
    sh(root, "init", "-q", "-b", "main")
    sh(root, "add", "-A")
    sh(root, "commit", "-qm", "one")
    return root


def opened(root: Path) -> Checkout:
    with open_checkout(str(root)) as checkout:
        return checkout


def plan_of(checkout: Checkout, word: bytes = b"mlu", origin: Origin | None = None) -> Plan:
    """A plan that turns every cuda into `word`."""
    files = []
    for name in sorted(FILES):
        path = checkout.root / name
        original = path.read_bytes() if path.is_file() else b""
        ported = original.replace(b"cuda", word)
        if ported != original:
            files.append(FilePlan(name, hashlib.sha256(original).hexdigest(), "python", (), original, ported))
    return Plan(origin or checkout.origin, Target("mlu", "1", "2.1", "MLU"), (), tuple(files))


def ported(name: str, word: bytes = b"mlu") -> bytes:
    return FILES[name].replace(b"cuda", word)


def sibling(root: Path, out: Path, word: bytes = b"mlu", force: bool = False):  # type: ignore[no-untyped-def]
    checkout = opened(root)
    return write_sibling(plan_of(checkout, word), checkout, out, EXTRA, {"style": "native"}, force)


def beside(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir() if out.name in path.name and path != out)


# -- splicing -----------------------------------------------------------------------------------------------------


@st.composite
def spliced(draw: st.DrawFn) -> tuple[bytes, list[Edit], bytes]:
    """Pieces of a text of which some are edited, the edits in any order, and the text that must come out."""
    pieces = draw(st.lists(st.tuples(st.binary(min_size=1, max_size=5), st.none() | st.binary(max_size=5)), max_size=9))
    edits, at = [], 0
    for old, new in pieces:
        if new is not None:
            edits.append(Edit(at, at + len(old), new, old))
        at += len(old)
    data = b"".join(old for old, _ in pieces)
    return data, draw(st.permutations(edits)), b"".join(old if new is None else new for old, new in pieces)


@given(spliced())
def test_edits_are_made_in_any_order_and_once(case: tuple[bytes, list[Edit], bytes]) -> None:
    data, edits, expected = case
    assert apply(data, edits) == apply(data, [*edits, *edits]) == expected


@given(st.binary(max_size=9), st.lists(st.binary(min_size=1, max_size=3), unique=True), st.integers(0, 9))
def test_insertions_at_one_point_keep_their_order(data: bytes, texts: list[bytes], at: int) -> None:
    at = min(at, len(data))
    assert apply(data, [Edit(at, at, text, b"") for text in texts]) == data[:at] + b"".join(texts) + data[at:]


def test_insertions_touch_the_ends_of_a_replacement() -> None:
    assert apply(b"abc", [Edit(2, 2, b">", b""), Edit(1, 2, b"B", b"b"), Edit(1, 1, b"<", b"")]) == b"a<B>c"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(0, 2, b"x", b"ab"), Edit(1, 3, b"y", b"bc")],
        [Edit(0, 2, b"x", b"ab"), Edit(0, 2, b"y", b"ab")],
        [Edit(0, 3, b"x", b"abc"), Edit(1, 1, b"y", b"")],
    ],
)
def test_overlaps_are_refused_in_either_order(edits: list[Edit]) -> None:
    for order in (edits, edits[::-1]):
        with pytest.raises(OverlapError):
            apply(b"abc", order)


@pytest.mark.parametrize(
    "edit", [Edit(0, 1, b"", b"x"), Edit(9, 9, b"x", b""), Edit(-1, 3, b"x", b"c"), Edit(2, 1, b"x", b"")]
)
def test_the_span_must_hold_what_was_expected(edit: Edit) -> None:
    with pytest.raises(GuardError):
        apply(b"abc", [edit])


# -- sibling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_git", [True, False])
def test_sibling_is_byte_faithful(repo: Path, is_git: bool) -> None:
    if not is_git:
        shutil.rmtree(repo / ".git")
        (repo / "empty").mkdir()
    (repo / ".gitignore").write_text("*.log\n")
    (repo / "x.log").write_text("ignored")
    before = snapshot(repo)
    out = repo.parent / "百川 7B_mlu"
    assert sibling(repo, out).path == out
    assert snapshot(repo) == before
    port = snapshot(out)
    for name in FILES:
        assert port.pop(name) == (before.pop(name)[0], ported(name))
    assert ("x.log" in port) is not is_git  # a plain folder may hold ignored weights that it needs
    before.pop("x.log") if is_git else None
    extra = {name: port.pop(name)[1] for name in ("porter.lock", "report.md", "verify/check.py")}
    port.pop("verify")
    assert port == before
    assert extra["report.md"] == b"# report\n"
    tree = lock.read(out / "porter.lock").tree
    assert tree["a.py"] == hashlib.sha256(ported("a.py")).hexdigest()
    assert beside(out) == []
    assert stat.S_IMODE(out.stat().st_mode) == stat.S_IMODE(repo.stat().st_mode)


def test_again_gives_the_same_bytes_and_replaces_the_port(repo: Path) -> None:
    out = repo.parent / "out"
    sibling(repo, out)
    first = snapshot(out)
    (out / "__pycache__").mkdir()
    (out / "__pycache__/a.pyc").write_bytes(b"")  # from running the port
    sibling(repo, out)
    assert snapshot(out) == first
    sibling(repo, out, b"npu")
    assert (out / "a.py").read_bytes() == ported("a.py", b"npu")
    assert beside(out) == []


def test_what_a_person_did_is_named_and_kept(repo: Path) -> None:
    out = repo.parent / "out"
    sibling(repo, out)
    (out / "report.md").write_text("signed")
    (out / "mine.py").write_text("mine")
    (out / "link.py").unlink()
    (out / "link.py").symlink_to("mine.py")
    sh(out, "init", "-q")
    before = snapshot(out)
    with pytest.raises(UsageError, match=re.escape("(.git, link.py, mine.py, report.md)")):
        sibling(repo, out, b"npu")
    assert snapshot(out) == before
    for number in (1, 2):
        (out / "mine.py").write_text(str(number))
        backup = sibling(repo, out, b"npu", force=True).backup
        assert backup == out.with_name(f"out.porter-backup-{number}")
        assert (backup / "mine.py").read_text() == str(number)
    assert (out.with_name("out.porter-backup-1") / "report.md").read_text() == "signed"
    assert (out.with_name("out.porter-backup-1") / ".git/HEAD").exists()
    assert not (out / "mine.py").exists()


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("lockfile", [None, b"{}", b"in place"])
def test_a_folder_that_porter_did_not_make_is_refused(repo: Path, force: bool, lockfile: bytes | None) -> None:
    out = repo.parent / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    if lockfile is not None:
        real = lock.render(plan_of(opened(repo)), {})
        (out / "porter.lock").write_bytes(real if lockfile == b"in place" else lockfile)
    with pytest.raises(UsageError, match="in the way"):
        sibling(repo, out, force=force)
    assert (out / "thesis.tex").read_text() == "years of work"
    assert beside(out) == []


@pytest.mark.parametrize("out", ["百川 7B", "百川 7B/out", ".", "百川 7B/../百川 7B/x", "none/out", "file", "link"])
def test_bad_places_are_refused(repo: Path, out: str) -> None:
    (repo.parent / "file").write_text("")
    (repo.parent / "link").symlink_to(repo)
    with pytest.raises(UsageError):
        sibling(repo, repo.parent / out)
    assert sh(repo, "status", "--porcelain") == b""


def test_a_file_that_changed_since_the_plan_is_refused(repo: Path) -> None:
    checkout = opened(repo)
    plan = plan_of(checkout)
    (repo / "a.py").write_text("newer")
    with pytest.raises(UsageError, match=r"a\.py changed while"):
        write_sibling(plan, checkout, repo.parent / "out", EXTRA, {})
    assert not (repo.parent / "out").exists()


def test_a_report_of_the_persons_own_is_not_replaced(repo: Path) -> None:
    (repo / "report.md").write_text("my report")
    with pytest.raises(UsageError, match=r"report\.md of its own"):
        sibling(repo, repo.parent / "out")
    sibling(repo, repo.parent / "out", force=True)
    assert (repo / "report.md").read_text() == "my report"


def test_pipes_are_said_to_be_left_out(repo: Path) -> None:
    shutil.rmtree(repo / ".git")
    os.mkfifo(repo / "pipe")
    assert sibling(repo, repo.parent / "out").left_out == ("pipe",)


def test_twice_at_once_is_refused_and_a_dead_run_is_not_in_the_way(repo: Path) -> None:
    out = repo.parent / "out"
    with swap.only_run(out), pytest.raises(UsageError, match="another porter"):
        sibling(repo, out)
    (repo.parent / ".out.porter-lock").write_text("")  # of a run that was killed
    (repo.parent / ".out.porter-dead").mkdir()
    sibling(repo, out)
    assert beside(out) == []


# -- faults -------------------------------------------------------------------------------------------------------

WRITES = {"os.rename", "os.mkdir", "os.chmod", "os.symlink", "os.truncate", "shutil.copyfile"}
REMOVALS = {"os.remove", "os.rmdir"}


def with_fault(work: Callable[[], object], step: int, fault: Callable[[], None]) -> int:
    """Runs `work` in a child that meets the fault before its n-th change of the disk; 0 when it had fewer."""
    steps = WRITES if fault is disk_full else WRITES | REMOVALS  # a full disk lets files go
    child = os.fork()
    if child == 0:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            writes = (
                event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
            )
            if writes or event in steps:
                count += 1
                if count == step:
                    fault()

        code = 9
        try:
            sys.addaudithook(hook)
            work()
            code = 0
        except UsageError:
            code = 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def disk_full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def forbidden() -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A plain folder with two files, for many runs."""
    root = tmp_path / "small"
    (root / "d").mkdir(parents=True)
    (root / "a.py").write_bytes(FILES["a.py"])
    (root / "d/b.txt").write_text("b")
    (root / "l").symlink_to("a.py")
    return root


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
@pytest.mark.parametrize("fault", [killed, disk_full, forbidden])
@pytest.mark.parametrize("person", [False, True], ids=["", "person's files"])
def test_a_fault_at_any_step_leaves_the_old_port_or_the_new_one(
    small: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], None], exchange: bool, person: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(swap, "_exchanged", lambda *_: False)
    out = small.parent / "out"
    sibling(small, small.parent / "reference", b"npu")
    new = snapshot(small.parent / "reference")
    seen = set()
    most = 70  # more than the steps of such a run; a fault while old files are deleted is survived, so 0 is not the end
    for step in range(1, 200):
        for left in [out, *(small.parent / name for name in beside(out))]:
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        sibling(small, out)
        if person:
            (out / "mine.py").write_text("mine")
        old = snapshot(out)
        code = with_fault(lambda: sibling(small, out, b"npu", force=person), step, fault)
        assert code in ((0, -signal.SIGKILL) if fault is killed else (0, 2))
        if not out.exists():
            assert (code, exchange) == (-signal.SIGKILL, False)  # between two renames; the next run brings it back
            swap.recover(out)
        state = snapshot(out)
        assert state in (old, new)
        seen.add(state == new)
        if fault is disk_full:  # what could not be removed is left to the next run
            assert [name for name in beside(out) if "backup" not in name] == []
        if person and state == new:
            assert (small.parent / "out.porter-backup-1/mine.py").read_text() == "mine"
        sibling(small, out, b"npu", force=True)
        assert snapshot(out) == new
        assert [name for name in beside(out) if "backup" not in name] == []
        if code == 0 and step > most:
            break
    else:
        raise AssertionError("the steps never ended")
    assert seen == {True, False}


@pytest.mark.parametrize("fault", [disk_full, forbidden])
def test_a_fault_in_place_brings_everything_back(repo: Path, fault: Callable[[], None]) -> None:
    checkout = opened(repo)
    plan, before = plan_of(checkout), snapshot(repo)
    codes = []
    for _ in range(120):
        codes.append(with_fault(lambda: write_in_place(plan, checkout, EXTRA, {}, force=True), len(codes) + 1, fault))
        after = snapshot(repo)
        if codes[-1] == 0:  # a fault can be survived: making a folder that is there, removing what is left
            assert after["a.py"][1] == ported("a.py")
            sh(repo, "reset", "-q", "--hard")
            sh(repo, "clean", "-qfdx")
        else:
            assert {name: kept for name, kept in after.items() if name != "verify"} == before
    assert codes.count(2) > 3 * len(plan.changed)  # stage, mode, rename
    assert codes[-20:] == [0] * 20


def test_no_permission_is_one_sentence_with_the_mend(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(small.parent))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match=r"Permission denied .* with --out\."):
        sibling(small, small.parent / "out")


# -- in place, branch, patch --------------------------------------------------------------------------------------


def test_in_place_keeps_modes_and_the_rest(repo: Path) -> None:
    before = snapshot(repo)
    checkout = opened(repo)
    write_in_place(plan_of(checkout), checkout, EXTRA, {})
    after = snapshot(repo)
    for name in FILES:
        assert after[name] == (before[name][0], ported(name))
    assert set(after) - set(before) == {"report.md", "porter.lock", "verify", "verify/check.py"}
    again = opened(repo)
    write_in_place(plan_of(again), again, EXTRA, {}, force=True)  # its own report may be replaced


@pytest.mark.parametrize("state", ["dirty", "plain", "untracked", "temporary"])
def test_in_place_needs_a_way_back(repo: Path, state: str) -> None:
    spec = str(repo)
    if state == "dirty":
        (repo / "empty.py").write_text("mine")
    elif state == "plain":
        shutil.rmtree(repo / ".git")
    elif state == "untracked":
        sh(repo, "rm", "-q", "--cached", "a.py")
        sh(repo, "commit", "-qm", "two")
    else:
        spec += "@HEAD"
    before = snapshot(repo)
    with open_checkout(spec) as checkout:
        with pytest.raises(UsageError):
            write_in_place(plan_of(checkout), checkout, EXTRA, {})
        assert snapshot(repo) == before
        if state != "temporary":
            write_in_place(plan_of(checkout), checkout, EXTRA, {}, force=True)
            assert (repo / "a.py").read_bytes() == ported("a.py")


@pytest.mark.parametrize("known", [True, False])
def test_branch_leaves_work_tree_and_index_alone(repo: Path, monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    if known:
        sh(repo, "config", "user.name", "Ada")
        sh(repo, "config", "user.email", "ada@example.org")
    trap = repo / ".git/hooks/reference-transaction"
    trap.parent.mkdir(exist_ok=True)
    trap.write_text("#!/bin/sh\nexit 1\n")
    trap.chmod(0o755)
    before, index = snapshot(repo), (repo / ".git/index").read_bytes()
    checkout = opened(repo)
    written = write_branch(plan_of(checkout), checkout, "port/mlu", EXTRA, {})
    assert snapshot(repo) == before
    assert (repo / ".git/index").read_bytes() == index
    assert sh(repo, "rev-parse", "port/mlu", "main").decode().split() == [written.commit, checkout.origin.commit]
    assert sh(repo, "log", "-1", "--format=%an", written.commit) == (b"Ada\n" if known else b"porter\n")
    assert b"mlu" in sh(repo, "log", "-1", "--format=%B", written.commit)
    trap.unlink()
    sh(repo, "checkout", "-q", "port/mlu")
    for name in FILES:
        assert snapshot(repo)[name] == (before[name][0], ported(name))
    assert (repo / "report.md").read_bytes() == EXTRA["report.md"]


def test_branch_keeps_newlines_as_the_repo_stores_them(repo: Path) -> None:
    (repo / ".gitattributes").write_text("a.py text eol=crlf\n")
    sh(repo, "add", "-A")
    sh(repo, "commit", "-qm", "two")
    (repo / "a.py").unlink()
    sh(repo, "checkout", "-q", "a.py")
    assert (repo / "a.py").read_bytes() == FILES["a.py"].replace(b"\n", b"\r\n")
    checkout = opened(repo)
    write_branch(plan_of(checkout), checkout, "b", {}, {})
    assert sh(repo, "cat-file", "blob", "b:a.py") == ported("a.py")


@pytest.mark.parametrize("name", ["main", "main/x", "-x", "a..b", "", "x.lock"])
def test_bad_branches_are_refused(repo: Path, name: str) -> None:
    checkout = opened(repo)
    with pytest.raises(UsageError):
        write_branch(plan_of(checkout), checkout, name, EXTRA, {})
    assert sh(repo, "branch", "--format=%(refname:short)") == b"main\n"


def test_branch_of_a_dirty_tree_needs_force(repo: Path) -> None:
    (repo / "empty.py").write_text("mine")
    checkout = opened(repo)
    with pytest.raises(UsageError, match=r"not committed \(empty\.py\)"):
        write_branch(plan_of(checkout), checkout, "b", EXTRA, {})
    write_branch(plan_of(checkout), checkout, "b", EXTRA, {}, force=True)
    assert sh(repo, "cat-file", "blob", "b:empty.py") == b""


def test_git_applies_the_patch(repo: Path) -> None:
    before, made = snapshot(repo), patch(plan_of(opened(repo)))
    sh(repo, "apply", "--index", "-", given=made)
    assert {name: kept[1] for name, kept in snapshot(repo).items()} == {
        name: ported(name) if name in FILES else kept[1] for name, kept in before.items()
    }
    theirs = sh(repo, "diff", "--cached", "--text")
    assert headers(made) == headers(theirs)


def headers(diff: bytes) -> list[bytes]:
    """The lines that name files or positions, without what git adds to the latter for a reader."""
    found = re.findall(rb"^(?:diff --git|---|\+\+\+|@@).*", diff, re.MULTILINE)
    return sorted(re.sub(rb"( @@) .*", rb"\1", line) for line in found)


LINES = st.lists(st.sampled_from([b"a\n", b"b\r\n", b"\xff\n", b"c\rd\n", b"-- x\n", b"\n", b"\\ no"]), max_size=9)


@given(old=LINES, new=LINES)
def test_git_applies_any_patch(tmp_path_factory: pytest.TempPathFactory, old: list[bytes], new: list[bytes]) -> None:
    before, after = b"".join(old), b"".join(new)
    if before == after or not after:  # porter empties no file; to git that could be a deletion
        return
    root = tmp_path_factory.mktemp("patch")
    (root / "f").write_bytes(before)
    file = FilePlan("f", "", "text", (), before, after)
    sh(root, "apply", "-", given=patch(Plan(Origin("x"), Target("mlu", "", "", ""), (), (file,))))
    assert (root / "f").read_bytes() == after
