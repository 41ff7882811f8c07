"""The command line: exit codes, one sentence for each bad input, nothing half-written, whatever the checkout holds."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from porter import cli
from porter.port.swap import only_run
from porter.report.as_json import schema

PROJECT = Path(__file__).parent.parent
CODE = 'import torch\nx = torch.zeros(1).to("cuda:0")\ntorch.cuda.empty_cache()\n'
PORTED = 'import torch\nimport torch_npu\nx = torch.zeros(1).to("npu:0")\ntorch.npu.empty_cache()\n'
MANUAL = "import pynvml\n"
KNOWN_RULE = """\
- id: ZZ001
  name: a-name
  kind: api
  from: torch.cuda.foo
  to: torch.npu.bar
  why: Because it is so.
  examples:
  - {before: "import torch\\n"}
"""


@dataclass
class Result:
    """What a run of the command line came to."""

    code: int
    out: str
    err: str


def porter(*args: object, **options: object) -> Result:
    """A whole process of porter."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "porter", *map(str, args)]
    made = subprocess.run(command, capture_output=True, env=environment, timeout=120, **options)  # type: ignore[call-overload]
    return Result(made.returncode, os.fsdecode(made.stdout), os.fsdecode(made.stderr))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """porter in this process, from its arguments to its exit code."""

    def run(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["porter", *map(str, args)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return Result(int(left.value.code or 0), out, err)

    return run


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text(CODE, encoding="utf-8")
    return root


@pytest.fixture
def work_tree(repo: Path) -> Path:
    git(repo, "init", "--quiet", "--initial-branch=main")
    commit(repo)
    return repo


def git(root: Path, *args: str, **options: object) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    made = subprocess.run(["git", "-C", root, *who, *args], check=True, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    return str(made.stdout)


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=x")


def tree(root: Path) -> dict[str, bytes]:
    """Everything below a folder, to tell that nothing was written."""
    return {
        os.fsdecode(os.path.relpath(path, root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    } | {str(path.relative_to(root)): b"/" for path in root.rglob("*") if not path.is_file()}


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def refused(result: Result, *says: str) -> None:
    """Exit code 2, and on stderr one sentence of porter's and nothing else."""
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("porter: ") and result.err.endswith((".\n", "?\n"))
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err
    for text in says:
        assert text in result.err


def humble() -> None:
    """Give up root's power over permissions, so that they hold in this process too."""
    for capability in range(64):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP: who is not root has none


# -- exit codes and output ---------------------------------------------------------------------------------------------


def test_nothing_left_to_do_is_0(repo: Path) -> None:
    result = porter("migrate", repo, "--target", "npu")
    assert (result.code, result.err) == (0, "")
    assert (repo.with_name("repo_npu") / "a.py").read_text(encoding="utf-8") == PORTED
    assert (repo / "a.py").read_text(encoding="utf-8") == CODE
    assert {"a.py", "porter.lock", "report.json", "report.md", "verify"} == set(names(repo.with_name("repo_npu")))


def test_what_needs_a_person_is_1(repo: Path, here: Callable[..., Result]) -> None:
    (repo / "b.py").write_text(MANUAL, encoding="utf-8")
    assert here("migrate", repo, "-t", "mlu").code == here("scan", repo, "-t", "mlu").code == 1


def test_a_file_that_nobody_can_read_needs_a_person(repo: Path, here: Callable[..., Result]) -> None:
    (repo / "b.py").write_text("print 'cuda'\n", encoding="utf-8")
    assert here("scan", repo, "-t", "npu").code == 1


def test_a_fault_in_porter_is_3(
    repo: Path, tmp_path: Path, here: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr("porter.plan.make_plan", broken)
    before = tree(tmp_path)
    result = here("migrate", repo, "-t", "npu")
    assert result.code == 3
    assert result.err == (
        "porter: a fault in porter itself (ZeroDivisionError: by zero). "
        "Run again with --verbose and report it, please.\n"
    )
    assert "Traceback" in here("migrate", repo, "-t", "npu", "--verbose").err
    assert tree(tmp_path) == before


def test_a_fault_over_one_file_stops_no_run(
    repo: Path, here: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    from porter.python import planner

    real = planner.plan_python
    monkeypatch.setattr(
        planner, "plan_python", lambda entry, *rest: real(entry, *rest) if entry.path != "b.py" else 1 / 0
    )
    (repo / "b.py").write_text(CODE, encoding="utf-8")
    assert here("migrate", repo, "-t", "npu").code == 1
    assert (repo.with_name("repo_npu") / "a.py").read_text(encoding="utf-8") == PORTED
    report = json.loads((repo.with_name("repo_npu") / "report.json").read_text(encoding="utf-8"))
    assert [problem["file"] for problem in report["problems"]] == ["b.py"]
    assert {f["verdict"] for f in report["findings"] if f["file"] == "b.py"} == {"manual"}


def test_a_port_of_nothing_is_a_port(tmp_path: Path, here: Callable[..., Result]) -> None:
    (tmp_path / "empty").mkdir()
    result = here("migrate", tmp_path / "empty", "-t", "npu")
    assert result.code == 0
    assert "Nothing to port" in result.out
    assert set(names(tmp_path / "empty_npu")) == {"porter.lock", "report.json", "report.md", "verify"}


def test_json_on_stdout_follows_the_schema_and_nothing_else_is_there(repo: Path) -> None:
    (repo / "b.py").write_text(MANUAL + "print 'cuda'\n", encoding="utf-8")
    for verb in ("scan", "migrate"):
        result = porter(verb, repo, "--target", "npu", "--format", "json")
        assert result.code == 1
        report = json.loads(result.out)
        jsonschema.validate(report, schema())
        assert {finding["file"] for finding in report["findings"]} == {"a.py", "b.py"}
    assert report == json.loads((repo.with_name("repo_npu") / "report.json").read_text(encoding="utf-8"))


def test_scan_writes_nothing(repo: Path, tmp_path: Path, here: Callable[..., Result]) -> None:
    before = tree(tmp_path)
    for form in ("text", "markdown", "json", "sarif", "github"):
        assert here("scan", repo, "-t", "npu", "--format", form).code == 0
    assert tree(tmp_path) == before


def test_diff_writes_nothing_and_is_what_git_applies(
    work_tree: Path, tmp_path: Path, here: Callable[..., Result]
) -> None:
    before = tree(tmp_path)
    shown = here("migrate", work_tree, "-t", "npu", "--diff")
    patched = here("migrate", work_tree, "-t", "npu", "--patch", "-")
    assert tree(tmp_path) == before
    assert shown.out == patched.out and shown.code == 0
    git(work_tree, "apply", "--check", "-", input=shown.out)
    git(work_tree, "apply", "-", input=shown.out)
    assert (work_tree / "a.py").read_text(encoding="utf-8") == PORTED


def test_patch_into_a_file(work_tree: Path, tmp_path: Path, here: Callable[..., Result]) -> None:
    assert here("migrate", work_tree, "-t", "npu", "--patch", tmp_path / "x.patch").code == 0
    git(work_tree, "apply", "--check", str(tmp_path / "x.patch"))
    assert names(tmp_path) == ["repo", "x.patch"]


def test_in_place_and_branch(work_tree: Path, here: Callable[..., Result]) -> None:
    assert here("migrate", work_tree, "-t", "npu", "--branch", "to-npu").code == 0
    assert git(work_tree, "show", "to-npu:a.py") == PORTED
    assert (work_tree / "a.py").read_text(encoding="utf-8") == CODE
    assert here("migrate", work_tree, "-t", "npu", "--in-place").code == 0
    assert (work_tree / "a.py").read_text(encoding="utf-8") == PORTED


def test_out_may_be_relative(repo: Path, tmp_path: Path) -> None:
    assert porter("migrate", "repo", "-t", "npu", "--out", "there", cwd=tmp_path).code == 0
    assert (tmp_path / "there" / "a.py").read_text(encoding="utf-8") == PORTED
    assert porter("migrate", ".", "-t", "npu", cwd=repo).code == 0
    assert (tmp_path / "repo_npu" / "a.py").read_text(encoding="utf-8") == PORTED


def test_quiet_says_nothing(repo: Path, here: Callable[..., Result]) -> None:
    assert here("migrate", repo, "-t", "npu", "--quiet") == Result(0, "", "")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_no_colour_without_a_terminal(repo: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    result = porter("scan", repo, "-t", "npu")
    assert "\x1b" not in result.out + result.err


def test_no_colour_on_a_terminal_that_wants_none(repo: Path) -> None:
    assert "\x1b[3" not in _on_a_terminal("scan", repo, "-t", "npu", NO_COLOR="1")


def _on_a_terminal(*args: object, **environment: str) -> str:
    import pty

    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "porter", *map(str, args)],
        stdout=slave,
        stderr=slave,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
    )
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # the other side is closed
        pass
    os.close(master)
    assert child.wait(60) in (0, 1)
    return shown.decode()


def test_help_and_version_are_0_and_help_fits_a_screen(here: Callable[..., Result]) -> None:
    shown = here("--help")
    assert shown.code == here("--version").code == here("migrate", "--help").code == 0
    assert len(shown.out.splitlines()) <= 45
    for verb in cli.porter.list_commands(cli.click.Context(cli.porter)):  # type: ignore[attr-defined]
        assert f"\n  {verb} " in shown.out


def test_no_verb_shows_the_help(here: Callable[..., Result]) -> None:
    result = here()
    assert result.code == 2 and "Usage:" in result.err + result.out


def test_no_heavy_import_for_a_small_question() -> None:
    code = "import sys; from porter.cli import porter; porter.main(['targets'], standalone_mode=False)"
    code += "; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT).stdout
    assert not {"libcst", "git", "rich", "jinja2"} & set(shown.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(here: Callable[..., Result], shell: str) -> None:
    result = here("completion", shell)
    assert result.code == 0 and "_PORTER_COMPLETE" in result.out


# -- bad usage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["scan", "{repo}/nowhere", "-t", "npu"], "no folder {repo}/nowhere"),
        (["scan", "{repo}/a.py", "-t", "npu"], "not a directory"),
        (["scan", "", "-t", "npu"], "no folder"),
        (["scan"], "Missing argument"),
        (["scan", "{repo}"], "--target"),
        (["scan", "{repo}", "-t", "nqu"], "Did you mean npu?"),
        (["scan", "{repo}", "-t", "npu@99"], "2.14.0"),
        (["scan", "{repo}", "-t", "npu@x"], "npu@x"[4:]),
        (["scan", "{repo}", "-t", "npu@"], "@"),
        (["scan", "{repo}", "-t", "npu", "--only", "DEV01"], "Did you mean DEV0"),
        (["scan", "{repo}", "-t", "npu", "--skip", "XX"], "'XX'"),
        (["scan", "{repo}", "-t", "npu", "--format", "jso"], "did you mean json?"),
        (["scan", "{repo}", "-t", "npu", "--rules", "{repo}/nowhere"], "{repo}/nowhere: there is no such folder"),
        (["scan", "{repo}", "-t", "npu", "--rules", "nowhere"], " nowhere: there is no such folder"),
        (["scan", "{repo}", "-t", "npu", "--bogus"], "--bogus"),
        (["scan", "{repo}@v1", "-t", "npu"], "no revision v1"),
        (["scan", "gopher://example.org/x", "-t", "npu"], "gopher"),
        (["bogus"], "bogus"),
        (["migrate", "{repo}", "-t", "npu", "--in-place"], "not a git work tree"),
        (["migrate", "{repo}", "-t", "npu", "--branch", "b"], "not a git work tree"),
        (["migrate", "{repo}", "-t", "npu", "--out", "{repo}/port"], "name another --out"),
        (["migrate", "{repo}", "-t", "npu", "--out", "{repo}"], "name another --out"),
        (["migrate", "{repo}", "-t", "npu", "--out", "{repo}/../.."], "name another --out"),
        (["migrate", "{repo}", "-t", "npu", "--out", "{repo}/../no/where"], "no folder"),
        (["migrate", "{repo}", "-t", "npu", "--out", "x", "--diff"], "--out and --diff"),
        (["migrate", "{repo}", "-t", "npu", "--patch", "{repo}/no/x.patch"], "name another file"),
        (["migrate", "{repo}", "-t", "npu", "--patch", "{repo}"], "name another file"),
        (["explain", "DEV0001"], "Did you mean DEV001?"),
        (["rules", "show", "DEV999"], "DEV999"),
        (["rules", "list", "-t", "nqu"], "Did you mean npu?"),
        (["rules", "test", "-t", "nqu"], "Did you mean npu?"),
        (["rules", "new", "Not A Name", "--dir", "{repo}"], "lower-case"),
        (["rules", "new", "base", "--dir", "{repo}"], "'base' already"),
        (["rules", "bogus"], "bogus"),
        (["targets", "show", "nqu"], "Did you mean npu?"),
        (["completion", "tcsh"], "tcsh"),
    ],
    ids=lambda value: " ".join(value).replace("{repo}", "R") if isinstance(value, list) else "",
)
def test_bad_usage_is_one_sentence(
    repo: Path, tmp_path: Path, here: Callable[..., Result], args: list[str], says: str
) -> None:
    before = tree(tmp_path)
    refused(here(*(arg.format(repo=repo) for arg in args)), says.format(repo=repo))
    assert tree(tmp_path) == before


def test_a_bad_name_cannot_break_the_line(repo: Path, here: Callable[..., Result]) -> None:
    refused(here("scan", repo.with_name("a\nb\rc"), "-t", "npu"), "no folder")
    refused(here("scan", repo.with_name(os.fsdecode(b"\xff")), "-t", "npu"), "no folder")


@pytest.mark.parametrize("change", ["a.py", "b.py"])
def test_a_dirty_work_tree_is_not_ported_in_place(work_tree: Path, here: Callable[..., Result], change: str) -> None:
    (work_tree / change).write_text(CODE + "# mine\n", encoding="utf-8")
    before = tree(work_tree)
    refused(here("migrate", work_tree, "-t", "npu", "--in-place"), change)
    assert tree(work_tree) == before


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_output_in_the_way(repo: Path, tmp_path: Path, here: Callable[..., Result], what: str) -> None:
    out = tmp_path / "repo_npu"
    if what == "folder":
        out.mkdir()
        (out / "mine").write_text("mine", encoding="utf-8")
    elif what == "file":
        out.write_text("mine", encoding="utf-8")
    else:
        out.symlink_to(repo)
    before = tree(tmp_path)
    refused(here("migrate", repo, "-t", "npu"), str(out), "--out")
    assert tree(tmp_path) == before


def test_again_is_the_same_and_a_persons_work_stays(repo: Path, here: Callable[..., Result]) -> None:
    out = repo.with_name("repo_npu")
    assert here("migrate", repo, "-t", "npu").code == 0
    first = tree(out)
    assert here("migrate", repo, "-t", "npu").code == 0
    assert tree(out) == first
    (out / "a.py").write_text("mine\n", encoding="utf-8")
    refused(here("migrate", repo, "-t", "npu"), "a.py", "--force")
    assert (out / "a.py").read_text(encoding="utf-8") == "mine\n"
    assert here("migrate", repo, "-t", "npu", "--force").code == 0
    assert tree(out) == first
    assert (out.with_name("repo_npu.porter-backup-1") / "a.py").read_text(encoding="utf-8") == "mine\n"


# -- bad rule files and settings ---------------------------------------------------------------------------------------

HEAD = "pack: mine\ndescribes: Mine.\n"
RULES = HEAD + "rules:\n" + KNOWN_RULE
CALL = """\
- id: ZZ002
  name: a-call
  kind: call
  match: {match}
  replace: {replace}
  why: Because it is so.
  examples:
  - {{before: "x\\n"}}
"""
FLAG = """\
- id: ZZ003
  name: a-flag
  kind: flag
  strings: ["(cuda"]
  why: Because it is so.
  examples:
  - {before: "x\\n"}
"""
LITERAL = """\
- id: ZZ004
  name: a-literal
  kind: literal
  value: cuda
  to: npu
  where: devyce
  why: Because it is so.
  examples:
  - {before: "x\\n"}
"""


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("pack: [mine\n", 2, ["not valid YAML"]),
        ("pack: mine\npack: mine\n", 2, ["'pack' stands twice"]),
        ("pack: !!python/object/apply:os.getcwd []\n", 1, ["not valid YAML"]),
        ("", 1, []),
        ("- mine\n", 1, []),
        ("pack: mine\n", 1, ["describes"]),
        ("pack: yours\ndescribes: Mine.\n", 1, ["'yours'"]),
        (HEAD + "extends: nowhere\n", 3, ["'nowhere'", "no such pack"]),
        (HEAD + "extends: mine\n", 3, ["extends itself"]),
        (RULES + "bogus: 1\n", 12, ["bogus"]),
        (RULES + "  bogus: 1\n", 12, ["ZZ001", "bogus"]),
        (RULES.replace("before:", "bevore:"), 11, ["ZZ001", "bevore"]),
        (RULES.replace("kind: api", "kind: apo"), 6, ["ZZ001", "'apo'", "api, call"]),
        (RULES.replace("  kind: api\n", ""), 4, ["ZZ001", "kind"]),
        (RULES.replace("ZZ001", "zz1"), 4, ["zz1"]),
        (RULES.replace("Because it is so.", "So."), 9, ["ZZ001", "why"]),
        (RULES.replace("torch.npu.bar", "torch.<devise>.bar"), 8, ["ZZ001", "<devise>"]),
        (RULES.replace("torch.npu.bar", "torch.cuda.foo.bar"), 8, ["ZZ001", "apply again"]),
        (RULES + "  safety: sure\n", 12, ["ZZ001", "sure"]),
        (RULES + "  applies: {target: new}\n", 12, ["ZZ001", "new"]),
        (RULES + KNOWN_RULE, 12, ["ZZ001", "twice"]),
        (RULES + "disable: {QQ001: it is not so}\n", 12, ["QQ001"]),
        (RULES + "disable:\n  DEV003: because\n", 13, ["DEV003", "reason"]),
        (HEAD + "rules:\n" + CALL.format(match="foo((", replace="x"), 7, ["ZZ002", "'foo(('"]),
        (HEAD + "rules:\n" + CALL.format(match="$X + 1", replace="x"), 7, ["ZZ002", "$X + 1"]),
        (HEAD + "rules:\n" + CALL.format(match="foo(1)", replace="bar($X)"), 8, ["ZZ002", "$X"]),
        (HEAD + "rules:\n" + FLAG, 7, ["ZZ003", "regular expression"]),
        (HEAD + "rules:\n" + LITERAL, 9, ["ZZ004", "'devyce'", "device"]),
        (HEAD + 'positions:\n  here:\n    names: "(x"\n', 5, ["here", "regular expression"]),
    ],
)
def test_a_bad_rule_file_is_named_with_rule_and_line(
    repo: Path, tmp_path: Path, here: Callable[..., Result], text: str, line: int, says: list[str]
) -> None:
    path = tmp_path / "rules" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    before = tree(tmp_path)
    refused(here("migrate", repo, "-t", "npu", "--rules", path.parent), f"porter: {path}:{line}: ", *says)
    refused(here("rules", "test", "-t", "npu", "--rules", path.parent), f"porter: {path}:{line}: ", *says)
    assert tree(tmp_path) == before


def test_a_rule_file_that_is_no_text(repo: Path, here: Callable[..., Result]) -> None:
    (repo / "mine.yaml").write_bytes(b"\xff\xfe\x00")
    refused(here("scan", repo, "-t", "npu", "--rules", repo), "mine.yaml", "UTF-8")


def test_a_pack_that_exists_already(repo: Path, here: Callable[..., Result]) -> None:
    (repo / "npu.yaml").write_text(RULES, encoding="utf-8")
    refused(here("scan", repo, "-t", "npu", "--rules", repo), "npu.yaml", "rename")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool.porter]\ntarget = 3\n", "target"),
        ("[tool.porter]\nbogus = 3\n", "bogus"),
        ("[tool.porter\n", "not valid"),
        ("[tool]\nx.porter = 1\n[tool.porter]\nonly = 'DEV'\n", "only"),
        ("tool = 3\n#[tool.porter]\n", "tool"),
        ('[tool.porter]\nrules = ["../rules"]\n', "'../rules'"),
        ('[tool.porter]\nrules = ["/etc"]\n', "'/etc'"),
        ('[tool.porter]\nrules = ["out"]\n', "'out'"),
        ('[tool.porter]\nrules = ["nowhere"]\n', "nowhere"),
        ('[tool.porter]\ntarget = "nqu"\n', "Did you mean npu?"),
        ('[tool.porter]\ntarget = "npu"\nskip = ["XX"]\n', "'XX'"),
    ],
)
def test_bad_settings_are_one_sentence(repo: Path, here: Callable[..., Result], text: str, says: str) -> None:
    (repo / "pyproject.toml").write_text(text, encoding="utf-8")
    (repo / "out").symlink_to(repo.parent)
    target = [] if "\ntarget" in text else ["-t", "npu"]
    refused(here("scan", repo, *target), says)


def test_settings_of_the_repo_are_used_and_the_command_line_wins(repo: Path, here: Callable[..., Result]) -> None:
    (repo / "pyproject.toml").write_text('[tool.porter]\ntarget = "mlu"\nonly = ["DEV003"]\n', encoding="utf-8")
    assert '+x = torch.zeros(1).to("mlu:0")\n torch.cuda' in here("migrate", repo, "--diff").out
    assert "+torch.npu.empty_cache()" in here("migrate", repo, "--diff", "-t", "npu", "--only", "DEV").out


# -- the machine says no -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "mode", "args"),
    [
        ("home", 0o500, ["--out", "{home}/port"]),
        ("home", 0o500, ["--patch", "{home}/x.patch"]),
        ("repo", 0, []),
        ("home/mine.yaml", 0, ["--rules", "{home}"]),
    ],
)
def test_no_permission(repo: Path, tmp_path: Path, closed: str, mode: int, args: list[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine.yaml").write_text(RULES, encoding="utf-8")
    before = tree(tmp_path)
    (tmp_path / closed).chmod(mode)
    try:
        result = porter("migrate", repo, "-t", "npu", *(arg.format(home=home) for arg in args), preexec_fn=humble)
    finally:
        (tmp_path / closed).chmod(0o700)
    refused(result, str(tmp_path / closed), "ermission")
    assert tree(tmp_path) == before


def test_a_file_without_permission_to_read_is_said(repo: Path) -> None:
    (repo / "b.py").write_text(CODE, encoding="utf-8")
    (repo / "b.py").chmod(0)
    result = porter("scan", repo, "-t", "npu", "--format", "json", preexec_fn=humble)
    assert result.code == 1
    assert [(p["file"], "ermission" in p["reason"]) for p in json.loads(result.out)["problems"]] == [("b.py", True)]


def test_a_port_with_a_file_that_cannot_be_copied_is_not_begun(repo: Path, tmp_path: Path) -> None:
    (repo / "b.bin").write_text(CODE, encoding="utf-8")
    (repo / "b.bin").chmod(0)
    refused(porter("migrate", repo, "-t", "npu", preexec_fn=humble), "b.bin")
    assert names(tmp_path) == ["repo"]


def test_no_room_left_on_the_disk(repo: Path, tmp_path: Path) -> None:
    (repo / "weights.bin").write_bytes(bytes(200_000))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    before = tree(tmp_path)
    refused(porter("migrate", repo, "-t", "npu", preexec_fn=small), "repo_npu", "could not write")
    assert tree(tmp_path) == before


def test_a_full_file_system(repo: Path, tmp_path: Path) -> None:
    home = tmp_path / "disk"
    home.mkdir()
    (repo / "weights.bin").write_bytes(bytes(200_000))
    script = f'mount -t tmpfs -o size=100k tmpfs "{home}" || exit 77; "$@"; code=$?; ls -A "{home}"; exit $code'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    command = [*inside, sys.executable, "-m", "porter", "migrate", repo, "-t", "npu", "--out", home / "port"]
    try:
        made = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, timeout=60)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if made.returncode in (1, 77) and "porter" not in made.stderr:
        pytest.skip("no name spaces here")
    refused(Result(made.returncode, made.stdout, made.stderr), "No space left", "free some space")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("args", [["scan"], ["migrate", "--diff"], ["scan", "--format", "json"]])
def test_no_room_for_the_output(repo: Path, args: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "porter", args[0], repo, "-t", "npu", *args[1:]]
        made = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=PROJECT)
    refused(Result(made.returncode, "", made.stderr), "No space left", "free some space")


@pytest.mark.parametrize("args", [["scan"], ["migrate", "--diff"], ["scan", "--format", "json"]])
def test_a_reader_that_goes_away_is_no_fault(repo: Path, args: list[str]) -> None:
    command = [sys.executable, "-m", "porter", args[0], repo, "-t", "npu", *args[1:]]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=PROJECT)
    assert child.stdout and child.stderr
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(60) == 1  # not 0: nobody has seen whether something is left to do


def test_ctrl_c_while_planning_leaves_nothing(work_tree: Path, tmp_path: Path) -> None:
    interrupt = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
import porter.python.planner as planner
def plan_python(*_): os.kill(os.getpid(), signal.SIGINT)
planner.plan_python = plan_python
from porter.cli import main
main()
"""
    before = tree(tmp_path)
    temporary = tmp_path.with_name(tmp_path.name + "-tmp")
    temporary.mkdir()
    for spec in (work_tree, f"file://{work_tree}"):
        command = [sys.executable, "-c", interrupt, "migrate", spec, "-t", "npu", "--out", tmp_path / "port"]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(temporary)}
        made = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
        assert made.returncode == 128 + signal.SIGINT
        assert made.stderr.strip() == "porter: stopped; nothing was left half-written."
        assert tree(tmp_path) == before and not names(temporary)


def test_a_second_run_at_the_same_time_is_refused(repo: Path, here: Callable[..., Result]) -> None:
    with only_run(repo.with_name("repo_npu")):
        refused(here("migrate", repo, "-t", "npu"), "another porter", "wait")
    assert here("migrate", repo, "-t", "npu").code == 0


def test_two_runs_at_once_leave_one_whole_port(repo: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "porter", "migrate", str(repo), "-t", "npu"]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=PROJECT) for _ in range(3)]
    ends = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    assert 0 in {code for _, code in ends}
    assert all(code == 0 or (code == 2 and b"another porter" in err) for err, code in ends)
    assert names(tmp_path) == ["repo", "repo_npu"]
    assert (tmp_path / "repo_npu" / "a.py").read_text(encoding="utf-8") == PORTED


# -- odd checkouts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["with space", "模型 仓库", "a'b\"c", "-dash", "a@b", "ünï.git"])
def test_any_name_of_a_folder_works(tmp_path: Path, here: Callable[..., Result], name: str) -> None:
    root = tmp_path / name
    root.mkdir()
    (root / "加载 a.py").write_text(CODE, encoding="utf-8")
    assert here("migrate", root, "-t", "npu").code == 0
    (out,) = (path for path in tmp_path.iterdir() if path != root)
    assert out.name.endswith("_npu")
    assert (out / "加载 a.py").read_text(encoding="utf-8") == PORTED


def test_a_patch_of_odd_names_applies(work_tree: Path, here: Callable[..., Result]) -> None:
    for name in ("with space.py", "模型.py", 'quo"te.py', "tab\t.py", "new\nline.py"):
        (work_tree / name).write_text(CODE, encoding="utf-8")
    commit(work_tree)
    git(work_tree, "apply", "--check", "-", input=here("migrate", work_tree, "-t", "npu", "--patch", "-").out)


@pytest.fixture
def odd(repo: Path) -> Iterator[Path]:
    """A checkout with everything that is hard to read."""
    (repo / "huge.py").write_text(CODE + "# cuda\n" * 900_000, encoding="utf-8")
    (repo / "deep.py").write_text(CODE + "x = " + "(" * 10_000 + "1" + ")" * 10_000 + "\n", encoding="utf-8")
    (repo / "sum.py").write_text(CODE + "x = " + " + ".join(["'cuda'"] * 1_500) + "\n", encoding="utf-8")
    (repo / "chain.py").write_text(CODE + "x = y" + ".cuda()" * 300 + "\n", encoding="utf-8")
    (repo / "binary.py").write_bytes(b"\x7fELF\0\xff\xfecuda\0" * 100)
    (repo / "loop").symlink_to("loop")
    (repo / "up").symlink_to("..")
    (repo / "gone.py").symlink_to("nowhere.py")
    os.mkfifo(repo / "pipe.py")
    (repo / "new\nline.py").write_text(CODE, encoding="utf-8")
    (repo / os.fsdecode(b"\xff.py")).write_text(CODE, encoding="utf-8")
    yield repo


@pytest.mark.parametrize("is_git", [False, True])
def test_an_odd_checkout_is_ported_and_each_problem_is_said(odd: Path, is_git: bool) -> None:
    if is_git:
        git(odd, "init", "--quiet")
        commit(odd)
    result = porter("migrate", odd, "--target", "npu", "--format", "json")
    assert result.code == 1
    assert "Traceback" not in result.err
    report = json.loads(result.out)
    jsonschema.validate(report, schema())
    assert {problem["file"] for problem in report["problems"]} >= {"deep.py", "binary.py"}
    out = odd.with_name("repo_npu")
    for name in ("a.py", "new\nline.py", os.fsdecode(b"\xff.py")):
        assert (out / name).read_text(encoding="utf-8") == PORTED
    for name in ("huge.py", "deep.py", "binary.py"):
        assert (out / name).read_bytes() == (odd / name).read_bytes()
    assert (out / "loop").readlink() == Path("loop") and (out / "gone.py").readlink() == Path("nowhere.py")
    for name in ("sum.py", "chain.py"):  # ported, or said and left alone
        ported = (out / name).read_bytes() != (odd / name).read_bytes()
        assert ported or name in {problem["file"] for problem in report["problems"]}


def test_a_huge_source_is_said(repo: Path, here: Callable[..., Result]) -> None:
    (repo / "huge.py").write_text(CODE + "# filler\n" * 700_000, encoding="utf-8")
    result = here("scan", repo, "-t", "npu", "--format", "json")
    report = json.loads(result.out)
    assert "huge.py" in {problem["file"] for problem in report["problems"]}
    assert result.code == 1


# -- git --------------------------------------------------------------------------------------------------------------


def test_a_revision_of_a_bare_repo_by_its_address(work_tree: Path, tmp_path: Path) -> None:
    git(work_tree, "tag", "v1")
    (work_tree / "a.py").write_text("print()\n", encoding="utf-8")
    commit(work_tree)
    git(work_tree, "clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    place = tmp_path / "elsewhere"
    place.mkdir()
    for spec in (f"file://{tmp_path}/bare.git@v1", f"{tmp_path}/bare.git@v1"):
        assert porter("migrate", spec, "-t", "npu", cwd=place).code == 0
        assert (place / "bare_npu" / "a.py").read_text(encoding="utf-8") == PORTED
    before = tree(place)
    for spec in (f"file://{tmp_path}/bare.git@v2", f"{tmp_path}/bare.git@v2"):
        refused(porter("migrate", spec, "-t", "npu", cwd=place), "no revision v2")
    refused(porter("migrate", f"{tmp_path}/bare.git", "-t", "npu", "--in-place", cwd=place), "in place")
    assert tree(place) == before
