"""Checkouts are opened as they are and never changed; their files are those git would name; text comes back whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porter.checkout import git
from porter.checkout.kind import kind_of, kind_of_head
from porter.checkout.source import open_checkout
from porter.checkout.text import decode
from porter.checkout.walk import walk
from porter.errors import UndecodableError, UsageError


def sh(folder: Path, *words: str) -> bytes:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": "file"}
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    return subprocess.run(["git", *identity, *words], cwd=folder, env=env, check=True, capture_output=True).stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A work tree with two commits, the first one tagged v1."""
    root = tmp_path / "百川 7B"
    root.mkdir()
    sh(root, "init", "-q", "-b", "main")
    (root / "a.py").write_text("one\n")
    sh(root, "add", "-A")
    sh(root, "commit", "-qm", "one")
    sh(root, "tag", "v1")
    (root / "a.py").write_text("two\n")
    sh(root, "commit", "-qam", "two")
    return root


def names(root: Path) -> list[str]:
    return [entry.path for entry in walk(root)]


# -- opening ------------------------------------------------------------------------------------------------------


def test_folder_is_no_git(tmp_path: Path) -> None:
    with open_checkout(str(tmp_path)) as checkout:
        assert (checkout.root, checkout.is_git, checkout.origin.commit) == (tmp_path, False, "")


def test_work_tree_has_commit_and_dirty_files(repo: Path) -> None:
    sh(repo, "remote", "add", "origin", "https://me:secret@example.org/x/y.git?private_token=1")
    (repo / "a.py").write_text("three\n")
    (repo / "untracked.py").write_text("")
    (repo / "same.py").write_text("")
    sh(repo, "add", "same.py")
    sh(repo, "commit", "-qm", "three")
    os.utime(repo / "same.py", (1, 1))  # git would like to note in its index that this changed nothing
    index = (repo / ".git/index").read_bytes()
    with open_checkout(str(repo)) as checkout:
        assert checkout.origin.commit == sh(repo, "rev-parse", "HEAD").decode().strip()
        assert checkout.origin.dirty == ("a.py",)
        assert checkout.origin.name == "百川 7B"
        assert checkout.origin.url == "https://example.org/x/y.git"
    assert (repo / ".git/index").read_bytes() == index


def test_folder_inside_a_work_tree_is_a_plain_folder(repo: Path) -> None:
    (repo / "sub").mkdir()
    with open_checkout(str(repo / "sub")) as checkout:
        assert not checkout.is_git


@pytest.mark.parametrize("revision", ["v1", "HEAD~1", "main@{1}"])
def test_revision_is_a_temporary_clone(repo: Path, revision: str) -> None:
    with open_checkout(f"{repo}@{revision}") as checkout:
        assert checkout.temporary
        assert (checkout.root / "a.py").read_text() == "one\n"
        assert checkout.origin.name == "百川 7B"
        assert checkout.origin.commit == sh(repo, "rev-parse", "v1").decode().strip()
    assert not checkout.root.exists()
    assert (repo / "a.py").read_text() == "two\n"
    assert sh(repo, "status", "--porcelain") == b""


@pytest.mark.parametrize(("revision", "content"), [("", "two\n"), ("@v1", "one\n"), ("@main", "two\n")])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_bare_repo_and_url(repo: Path, scheme: str, revision: str, content: str) -> None:
    sh(repo.parent, "clone", "-q", "--bare", str(repo), "model.git")
    with open_checkout(f"{scheme}{repo.parent}/model.git{revision}") as checkout:
        assert (checkout.root / "a.py").read_text() == content
        assert checkout.origin.name == "model"
        assert checkout.origin.url == ""  # an address on this machine
    assert not checkout.root.parent.exists()


def test_a_path_that_exists_wins_over_a_revision(tmp_path: Path) -> None:
    (tmp_path / "x@v1").mkdir()
    (tmp_path / "x").mkdir()
    with open_checkout(str(tmp_path / "x@v1")) as checkout:
        assert checkout.origin.name == "x@v1"


def test_no_hook_and_no_monitor_runs(repo: Path) -> None:
    trap = repo.parent / "ran"
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        file = repo / ".git/hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch '{trap}'\n")
        file.chmod(0o755)
    sh(repo, "config", "core.fsmonitor", f"touch '{trap}'; false")
    for spec in (str(repo), f"{repo}@v1"):
        with open_checkout(spec) as checkout:
            walk(checkout.root)
    assert not trap.exists()


def test_git_variables_of_a_hook_do_not_mislead(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    with open_checkout(str(repo)) as checkout:
        assert checkout.origin.dirty == ()


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("{tmp}/none", "there is no folder"),
        ("", "there is no folder"),
        ("{tmp}/file.txt", "not a directory"),
        ("{tmp}@v1", "not a git repo"),
        ("{repo}@nope", "no revision nope"),
        ("{repo}@--help", "names no revision"),
        ("{repo}@", "names no revision"),
        ("file://{repo}@nope", "no revision nope"),
        ("file://{tmp}/none.git", "cannot clone"),
        ("https://me:secret@localhost:1/x.git", "cannot clone https://localhost:1"),
        ("--upload-pack=touch x", "neither a folder nor a URL"),
        ("-oProxyCommand=x@host:y", "neither a folder nor a URL"),
        ("ssh://-oProxyCommand=x/y", "does not open"),
        ("ext::sh -c 'touch x'", "neither a folder nor a URL"),
        ("ftp://example.org/x", "does not open ftp"),
        ("{tmp}/broken", "mend it"),
        ("{tmp}/unborn@HEAD", "no revision HEAD"),
    ],
)
def test_bad_specs_get_one_sentence(repo: Path, tmp_path: Path, spec: str, says: str) -> None:
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "broken/.git").mkdir(parents=True)
    sh(tmp_path, "init", "-q", "unborn")
    with pytest.raises(UsageError, match=says) as caught, open_checkout(spec.format(tmp=tmp_path, repo=repo)):
        pass
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://u:p@h/x", "https://h/x"),
        ("https://token@h/x", "https://h/x"),
        ("ssh://git:p@h/x", "ssh://git@h/x"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("https://h/@x", "https://h/@x"),
    ],
)
def test_credentials_go(url: str, clean: str) -> None:
    assert git.without_credentials(url) == clean


# -- walking ------------------------------------------------------------------------------------------------------

ODD = ["with space.py", "模型.py", os.fsdecode(b"caf\xe9.py"), 'quo"te.py', "new\nline.py"]


@pytest.mark.parametrize("is_git", [True, False])
def test_odd_names_survive(tmp_path: Path, is_git: bool) -> None:
    if is_git:
        sh(tmp_path, "init", "-q")
    for name in ODD:
        (tmp_path / name).write_text("")
    assert names(tmp_path) == sorted(ODD)


@pytest.mark.parametrize("is_git", [True, False])
def test_links_are_listed_and_never_followed(tmp_path: Path, is_git: bool) -> None:
    root = tmp_path / "root"
    outside = tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.py").write_text("")
    if is_git:
        sh(root, "init", "-q")
    for name, target in {"loop": "loop", "up": "..", "out": str(outside), "dangling.py": "none"}.items():
        (root / name).symlink_to(target)
    assert [(entry.path, entry.kind, entry.scan) for entry in walk(root)] == [
        (name, "symlink", False) for name in ("dangling.py", "loop", "out", "up")
    ]


def test_a_tracked_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root / "d", outside):
        folder.mkdir(parents=True)
        (folder / "x.py").write_text("")
    sh(root, "init", "-q")
    sh(root, "add", "-A")
    (root / "d").rename(tmp_path / "gone")
    (root / "d").symlink_to(outside)
    assert names(root) == ["d"]


def test_tracked_but_ignored_counts_and_deleted_does_not(repo: Path) -> None:
    (repo / ".gitignore").write_text("*.py\n")
    (repo / "b.py").write_text("")
    (repo / "c.txt").write_text("")
    sh(repo, "add", "c.txt")
    (repo / "c.txt").unlink()
    assert names(repo) == [".gitignore", "a.py"]


def test_submodules(repo: Path, tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    sh(top, "init", "-q")
    sh(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo), "sub")
    assert names(top) == [".gitmodules", "sub/a.py"]
    sh(top, "commit", "-qm", "x")
    with open_checkout(f"{top}@HEAD") as checkout:  # a clone without its submodules
        assert [(entry.path, entry.kind, entry.scan) for entry in walk(checkout.root)][1] == ("sub", "submodule", False)


PATTERNS = [
    *("*.py", "!a.py", "/a.py", "d/", "d", "!d/", "d/*", "!d/a.py", "**/e", "e/**", "d/**/a.py"),
    *("a?py", "[ab].py", "\\!b.py", "*", "!*/", "/*", "!/d", "d/e", "**/b.py", "#"),
]
IGNORES = st.lists(st.sampled_from([*PATTERNS, "", "# x", "b.py ", "*.txt\r"]), max_size=4)


@settings(max_examples=25, deadline=None)
@given(top=IGNORES, below=IGNORES)
def test_a_plain_folder_leaves_out_only_what_a_machine_made(
    tmp_path_factory: pytest.TempPathFactory,
    top: list[str],
    below: list[str],
) -> None:
    root = tmp_path_factory.mktemp("ignore")
    for folder in ("", "d", "e", "d/e", "d/e/d", "build", "build/e"):
        (root / folder).mkdir(exist_ok=True)
        for name in ("a.py", "b.py", "!b.py", "c.txt"):
            (root / folder / name).write_text("")
    (root / ".gitignore").write_text("\n".join(top))
    (root / "d/.gitignore").write_text("\n".join(below))
    plain = set(names(root))
    everything = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    sh(root, "init", "-q")
    by_git = set(names(root))
    assert plain == by_git | {path for path in everything if not path.startswith("build/")}


def test_kinds(tmp_path: Path) -> None:
    files = {
        "a.py": b"", "run": b"#!/usr/bin/env -S X=1 python3 -u\n", "go": b"#!/bin/bash\n", "n.ipynb": b"{}",
        "requirements-dev.txt": b"", "requirements/base.in": b"", "Dockerfile": b"", "docker/Dockerfile.gpu": b"",
        "k.cu": b"", "pyproject.toml": b"", "w.safetensors": b"", "blob": b"a\0b", "LICENSE": b"text",
        "utf16": "x".encode("utf-16"), "c.YAML": b"", "notes.txt": b"",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert {entry.path: entry.kind for entry in walk(tmp_path)} == {
        "a.py": "python", "run": "python", "go": "shell", "n.ipynb": "notebook",
        "requirements-dev.txt": "requirements", "requirements/base.in": "requirements", "Dockerfile": "dockerfile",
        "docker/Dockerfile.gpu": "dockerfile", "k.cu": "cuda", "pyproject.toml": "toml", "w.safetensors": "binary",
        "blob": "binary", "LICENSE": "text", "utf16": "text", "c.YAML": "yaml", "notes.txt": "text",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("docker/Dockerfile_ascend_a3", "dockerfile"),
        ("docker/Qwen_Dockerfile", "dockerfile"),
        ("Dockerfile-notes.md", "markdown"),
        ("my-dockerfile.sh", "shell"),
        ("training/requirement.txt", "requirements"),
        ("dev_reqs.txt", "requirements"),
        ("frequencies.txt", "text"),
    ],
)
def test_kinds_that_people_spell_in_their_own_way(name: str, kind: str) -> None:
    assert kind_of(name, lambda: b"x") == kind


def test_a_known_suffix_is_not_opened() -> None:
    def trap() -> bytes:
        raise AssertionError("peeked")

    assert kind_of("x/a.py", trap) == "python"
    assert kind_of_head(b"#!\n") == "text"


def test_binary_huge_and_special_files_are_not_scanned(tmp_path: Path) -> None:
    (tmp_path / "big.py").write_bytes(b"#" * (5 * 1024 * 1024 + 1))
    (tmp_path / "w.bin").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / ".hg").mkdir()
    (tmp_path / ".hg/x.py").write_text("")
    (tmp_path / "ok.py").write_text("")
    assert {entry.path for entry in walk(tmp_path) if entry.scan} == {"ok.py"}
    assert {entry.path for entry in walk(tmp_path)} == {"big.py", "w.bin", ".hg/x.py", "ok.py", "pipe.py"}


# -- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"x = 1\r\n", "utf-8"),
        ("\ufeff# 中文\n".encode(), "utf-8"),
        ("# coding: gbk\n# 中文\n".encode("gbk"), "gbk"),
        ("#!/usr/bin/python\r\n# -*- coding: latin-1 -*-\r\n# é\r\n".encode("latin-1"), "iso8859-1"),
        ("\n# vim: set fileencoding=cp936 :\n# 中\n".encode("cp936"), "gbk"),
        (b"# coding: utf-8-unix\n", "utf-8"),
        (b"x = 1\n# coding: gbk\n", "utf-8"),  # line 1 is code, so line 2 declares nothing
        (b"\n\n# coding: gbk\n", "utf-8"),  # line 3
        (b"'''\x0c'''\r# no newline", "utf-8"),
    ],
)
def test_python_encodings_come_back(raw: bytes, encoding: str) -> None:
    text = decode(raw, "a.py")
    assert (text.encoding, text.encode(text.data)) == (encoding, raw)
    assert text.data.decode("utf-8") is not None


@pytest.mark.parametrize(
    ("raw", "line", "reason"),
    [
        (b"a\r\nb\n# \xe9\n", 3, "not utf-8"),
        (b"# coding: klingon\n", 1, "klingon is unknown"),
        (b"#!x\n# coding: rot13\n", 1, "rot-13"),
        ("\ufeff# coding: gbk\n".encode(), 1, "byte-order mark"),
        (b"# coding: ascii\n\n\xe9", 3, "not ascii"),
        (b"# coding: unicode_escape\n'\\x41'", 1, "unchanged"),
    ],
)
def test_python_that_cannot_come_back_is_refused(raw: bytes, line: int, reason: str) -> None:
    with pytest.raises(UndecodableError, match=reason) as caught:
        decode(raw, "a.py")
    assert caught.value.line == line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_other_files_are_detected(encoding: str) -> None:
    raw = "设备: cuda\r\n".encode(encoding)
    text = decode(raw, "a.yaml")
    assert text.data.decode("utf-8") == "设备: cuda\r\n"
    assert text.encode(text.data) == raw


def test_what_the_encoding_lacks_is_refused() -> None:
    with pytest.raises(UndecodableError, match="line 2: '中' cannot be written"):
        decode(b"# coding: latin-1\n# \xe9", "a.py").encode("\n中".encode())


COOKIES = st.sampled_from(
    ["gbk", "utf-7", "utf-16", "hz", "idna", "punycode", "shift_jis", "raw_unicode_escape", "hex"]
)


@given(raw=st.binary() | st.builds(lambda name, raw: f"# coding: {name}\n".encode() + raw, COOKIES, st.binary()))
@pytest.mark.parametrize("name", ["a.py", "a.txt", "script"])
def test_round_trip_or_refusal(name: str, raw: bytes) -> None:
    try:
        text = decode(raw, name)
    except UndecodableError:
        assert name != "a.txt"
    else:
        assert text.encode(text.data) == raw


def test_heavy_imports_wait() -> None:
    code = "import sys, porter.port, porter.checkout.walk; print({'git', 'msgspec'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
