"""The folder verify/ that a port gets: what is in it, what it says of the repository, and whom it does not disturb."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest

from porter.cli import porter
from porter.errors import UsageError
from porter.lock import LOCK_NAME, read
from porter.own import own_files, with_evidence, without_evidence
from porter.settings import read as settings

MODEL = """import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, dim, colour):
        super().__init__()
        self.line = nn.Linear(dim, dim)

    def forward(self, x):
        return self.line(x.cuda())

    def chat(self, tokenizer, query):
        return query
"""
SCRIPT = """import argparse
import torch

def main():
    argparse.ArgumentParser().parse_args()

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    (made / "net.py").write_text(MODEL, encoding="utf-8")
    (made / "train.py").write_text(SCRIPT, encoding="utf-8")
    (made / "README.md").write_text(
        "```sh\n$ python train.py \\\n  --lr 1\npython elsewhere.py\n```\n", encoding="utf-8"
    )
    return made


def migrate(checkout: Path, *more: str, target: str = "npu") -> Path:
    """The port; what is not written beside the checkout is written into it."""
    porter.main(["migrate", str(checkout), "-t", target, "-q", *more], standalone_mode=False)
    return checkout.with_name(f"{checkout.name}_{target}")


def tree(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def git(root: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    return subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def tell(repo: Path) -> None:
    """What the harness cannot know of the model."""
    (repo / "pyproject.toml").write_text(
        '[tool.porter.verify]\nconfig = { "net.py:Net" = { colour = 1 } }\n', encoding="utf-8"
    )


@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_what_applies_is_written_and_named(repo: Path, target: str) -> None:
    tell(repo)
    folder = migrate(repo, target=target) / "verify"
    tests = {path.name for path in folder.glob("test_*.py")}
    computed = {"forward", "half", "train_step", "ten_steps", "determinism", "save_load", "distributed"}
    spoken = {"chat_thread", "known_answers"}
    assert tests == {f"test_{name}.py" for name in {"edits", "import"} | computed | spoken}
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
    assert "'class': 'Net'" in (folder / "test_chat_thread.py").read_text(encoding="utf-8")
    assert (folder / f"requirements-{target}.txt").is_file()
    assert json.loads((folder / "target.json").read_text(encoding="utf-8"))["device"] == target


def test_what_was_not_found_out_has_its_line(repo: Path) -> None:
    page = (migrate(repo) / "verify" / "README.md").read_text(encoding="utf-8")
    assert '`config = { "net.py:Net" = { colour = 1 } }`' in page
    assert '`commands = ["python train.py"]`' in page
    assert "- `python train.py --lr 1`" in page
    assert "elsewhere" not in page


def test_the_lines_of_the_page_are_taken(repo: Path) -> None:
    lines = '[tool.porter.verify]\ncommands = ["python train.py"]\nconfig = { "net.py:Net" = { colour = 1 } }\n'
    (repo / "pyproject.toml").write_text(lines, encoding="utf-8")
    folder = migrate(repo) / "verify"
    assert "Everything that was found is run." in (folder / "README.md").read_text(encoding="utf-8")
    assert "'config': {'colour': 1}" in (folder / "test_forward.py").read_text(encoding="utf-8")
    assert "python train.py" in (folder / "test_commands.py").read_text(encoding="utf-8")


def test_a_repository_without_a_model_says_so(repo: Path) -> None:
    (repo / "net.py").unlink()
    folder = migrate(repo) / "verify"
    assert '`models = ["file.py:Class"]`' in (folder / "README.md").read_text(encoding="utf-8")
    assert not (folder / "test_forward.py").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("modls = []", "unknown field `modls`"),
        ('models = ["net.py"]', "names the model 'net.py'"),
        ('models = ["../net.py:Net"]', "which is no file of the repository"),
        ('python = "bin/python"', "give the name of one on the PATH"),
        ('skip = { forward = "" }', "without saying why"),
        ('meant = { "net.py" = "" }', "calls an edited file meant without saying why"),
        ("timeout = -1", "no number of seconds"),
    ],
)
def test_settings_that_cannot_be_meant(repo: Path, line: str, sentence: str) -> None:
    (repo / "pyproject.toml").write_text(f"[tool.porter.verify]\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError) as told:
        settings(repo)
    assert sentence in str(told.value)


def test_a_class_that_is_no_model_is_a_sentence(repo: Path) -> None:
    (repo / "pyproject.toml").write_text('[tool.porter.verify]\nmodels = ["net.py:Nett"]\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"net\.py:Nett"):
        migrate(repo)
    assert not repo.with_name("repo_npu").exists()


def test_again_gives_the_same_bytes(repo: Path) -> None:
    first = tree(migrate(repo))
    assert tree(migrate(repo)) == first


def test_a_port_of_a_port_reads_nothing_of_porters(repo: Path) -> None:
    """Neither the report nor the checks count as places, and the second port changes nothing."""
    port = migrate(repo)
    again = migrate(port)
    was, now = tree(port), tree(again)
    assert was.keys() == now.keys()
    assert [p for p in was if was[p] != now[p] and not p.startswith(("report.", "porter.lock"))] == []
    report = json.loads(now["report.json"])
    assert not [f for f in report["findings"] if f["file"].startswith(("verify/", "report."))]
    assert report["summary"]["changed"] == 0
    assert "of an earlier port" in report["notes"][-1]


def test_a_lock_hides_nothing_but_what_porter_wrote(repo: Path) -> None:
    port = migrate(repo)
    lock = json.loads((port / LOCK_NAME).read_text(encoding="utf-8"))
    lock["own"]["net.py"] = lock["tree"]["net.py"]
    (port / LOCK_NAME).write_text(json.dumps(lock), encoding="utf-8")
    (port / "verify" / "conftest.py").write_text("mine = 1\n", encoding="utf-8")
    own = own_files(port)
    assert "verify/harness.py" in own
    assert not own & {"net.py", "verify/conftest.py"}


def test_no_verify_and_a_patch_write_none(repo: Path, tmp_path: Path) -> None:
    assert not (migrate(repo, "--no-verify") / "verify").exists()
    migrate(repo, "--patch", str(tmp_path / "p"))
    assert "verify/" not in (tmp_path / "p").read_text(encoding="utf-8")


def test_a_folder_of_a_persons_is_left_alone(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repo / "verify").mkdir()
    (repo / "verify" / "mine.py").write_text("x = 1\n", encoding="utf-8")
    porter.main(["migrate", str(repo), "-t", "npu"], standalone_mode=False)
    assert "a verify/ of its own" in capsys.readouterr().err
    assert [p.name for p in (repo.with_name("repo_npu") / "verify").iterdir()] == ["mine.py"]


def test_in_place_and_on_a_branch_it_is_part_of_the_port(repo: Path) -> None:
    git(repo, "init", "-q")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "start")
    migrate(repo, "--branch", "ported")
    assert "verify/harness.py" in git(repo, "ls-tree", "-r", "--name-only", "ported")
    migrate(repo, "--in-place")
    assert read(repo / LOCK_NAME).own.keys() >= {"report.md", "verify/harness.py", "verify/test_import.py"}
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "ported")
    (repo / "net.py").unlink()
    git(repo, "commit", "-aqm", "no model any more")
    migrate(repo, "--in-place")
    assert not (repo / "verify" / "test_forward.py").exists()
    assert (repo / "verify" / "test_import.py").exists()


def test_evidence_in_a_report_is_put_once_above_the_signature(repo: Path) -> None:
    plain = (migrate(repo) / "report.md").read_bytes()
    once = with_evidence(plain, "## What was run\n\none\n")
    twice = with_evidence(once, "## What was run\n\ntwo\n")
    assert twice.count(b"## What was run") == 1
    assert twice.index(b"two") < twice.index(b"## Signature")
    assert without_evidence(twice) == plain


def test_a_report_with_evidence_is_still_porters(repo: Path) -> None:
    port = migrate(repo)
    report = port / "report.md"
    report.write_bytes(with_evidence(report.read_bytes(), "## What was run\n"))
    for name in ("evidence.json", "evidence.md", "reference.json"):
        (port / "verify" / name).write_text("{}", encoding="utf-8")
    migrate(repo)
    assert b"What was run" not in report.read_bytes()
    report.write_bytes(report.read_bytes() + b"a note of mine\n")
    with pytest.raises(UsageError, match=r"report\.md"):
        migrate(repo)
