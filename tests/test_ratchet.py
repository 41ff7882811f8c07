"""The ratchet: a new place that touches CUDA fails with its file and line; comments, docs and what moved do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from test_cli import Result, commit, git, here, repo, work_tree  # noqa: F401  (fixtures)


@pytest.fixture
def kept(work_tree: Path, here: Callable[..., Result]) -> Path:  # noqa: F811
    """A repository with its baseline, committed."""
    assert here("baseline", work_tree, "-t", "npu").code == 0
    commit(work_tree)
    return work_tree


def check(here: Callable[..., Result], root: Path, *words: str) -> Result:  # noqa: F811
    return here("check", root, "--format", "github", *words)


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTER_CACHE", str(tmp_path / "memory"))


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("def f(x):\n    return x.cuda()\n", 2, "DEV002"),
        ("from torch import cuda as c\n\nc.synchronize()\n", 1, "DEV001"),
        ("import torch as t\nf = t.cuda\nf.empty_cache()\n", 2, "DEV001"),
        ('import torch\nx = torch.ones(1, device="cuda")\n', 2, "DEV003"),
        ('import torch.distributed as d\nd.init_process_group("nccl")\n', 2, "DIST001"),
        ('import torch\nx = torch.ones(1)\nx.to(device=f"cuda:{0}")\n', 3, "DEV003"),
    ],
)
@pytest.mark.parametrize("since", [[], ["--since", "HEAD"]], ids=["baseline", "since"])
def test_a_new_use_fails_with_its_file_and_line(
    kept: Path, here: Callable[..., Result], text: str, line: int, rule: str, since: list[str]  # noqa: F811
) -> None:  # fmt: skip
    (kept / "new.py").write_text(text)
    result = check(here, kept, *since)
    assert result.code == 1
    assert f"::error file=new.py,line={line}," in result.out and rule in result.out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("new.py", "# runs on cuda, with nccl\n"),
        ("new.py", 'def f():\n    """Moves it with .cuda() to "cuda"."""\n'),
        ("new.py", "print('install CUDA first')\n"),
        ("README.md", "Run it with `model.cuda()` on CUDA 11 with nccl.\n"),
        ("docs/gpu.rst", "CUDA\n====\n\n    x.cuda()\n"),
        ("new.py", "class Car:\n    def drive(self, barracuda):\n        return barracuda\n"),
        ("new.py", "import torch\nx = torch.ones(1).to(choose())\n"),
    ],
)
@pytest.mark.parametrize("since", [[], ["--since", "HEAD"]], ids=["baseline", "since"])
def test_words_are_no_use(
    kept: Path, here: Callable[..., Result], name: str, text: str, since: list[str]  # noqa: F811
) -> None:  # fmt: skip
    (kept / name).parent.mkdir(exist_ok=True)
    (kept / name).write_text(text)
    result = check(here, kept, *since)
    assert result.code == 0, result.out


def test_what_moves_is_not_new(kept: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    body = (kept / "a.py").read_text()
    (kept / "a.py").unlink()
    (kept / "b.py").write_text("# moved\n\n" + body)
    assert check(here, kept).code == check(here, kept, "--since", "HEAD").code == 0


def test_shrinking_is_automatic_and_growing_needs_a_person(kept: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    file = kept / "porter-baseline.json"
    before = file.read_bytes()
    (kept / "a.py").write_text((kept / "a.py").read_text() + "x.cuda()\n")
    grown = here("baseline", kept)
    assert (grown.code, file.read_bytes()) == (1, before)
    assert "a.py:4" in grown.out
    assert here("baseline", kept, "--accept").code == 0
    assert check(here, kept).code == 0 and len(file.read_bytes()) > len(before)
    (kept / "a.py").write_text("x = 1\n")
    assert check(here, kept).code == 0
    assert here("baseline", kept).code == 0
    assert b"a.py" not in file.read_bytes()


def test_since_looks_only_at_what_the_branch_did(kept: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    start = git(kept, "rev-parse", "HEAD").strip()
    git(kept, "checkout", "-q", "-b", "feature")
    (kept / "mine.py").write_text("x.cuda()\n")
    commit(kept)
    git(kept, "checkout", "-q", "main")
    (kept / "theirs.py").write_text("x.cuda()\n")
    commit(kept)
    git(kept, "checkout", "-q", "feature")
    result = check(here, kept, "--since", "main")
    assert "mine.py" in result.out and "theirs.py" not in result.out and result.code == 1
    assert check(here, kept, "--since", start).code == 1
    assert check(here, kept, "--since", "feature").code == 0
    assert here("baseline", kept, "--accept").code == 0
    assert check(here, kept, "--since", "main").code == 0  # a person allowed it


@pytest.mark.parametrize("content", ["", "{}", "[", '{"format": 1, "made_by": "me", "target": "npu", "places": {}}'])
def test_a_broken_baseline_is_2(kept: Path, here: Callable[..., Result], content: str) -> None:  # noqa: F811
    (kept / "porter-baseline.json").write_text(content)
    assert here("check", kept).code == here("baseline", kept).code == 2
    assert (kept / "porter-baseline.json").read_text() == content


def test_no_baseline_and_no_revision_is_2(work_tree: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    for words in (
        ["check", work_tree],
        ["check", work_tree, "-t", "npu", "--since", "nothing"],
        ["baseline", work_tree / "x"],
    ):
        result = here(*words)
        assert result.code == 2 and result.err.count("\n") == 1
