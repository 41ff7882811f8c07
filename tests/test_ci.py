"""The wiring for CI services: the services' own schemas take it, its shell steps run as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_bump import NEW, OLD, migrate, put
from test_cli import Result, here, tree  # noqa: F401
from test_port import sh

from porter.ci.wiring import PLACES, Wiring, render
from porter.errors import UsageError
from porter.port import write_in_place, write_sibling

ROOT = Path(__file__).resolve().parent.parent
WIRING = Wiring("npu", ".", "https://example.org/model.git", "porter==0.1.0")
TOOLS = Path(sys.executable).parent
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci", "action": "vendor.github-actions"}


def run(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([str(w) for w in words], cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """What a runner has: this porter on the path, a pip that has nothing to do, and a recording `gh`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    scripts = {
        "porter": f'exec "{sys.executable}" -m porter "$@"',
        "python": f'if [ "$2" = pip ]; then echo "$@" >> "{tmp_path}/pip"; exit 0; fi\nexec "{sys.executable}" "$@"',
        "gh": f'echo "$@" >> "{tmp_path}/gh"\n[ "$2" != view ]',
    }
    for name, text in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    (tmp_path / "runner").mkdir()
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PORTER_CACHE": str(tmp_path / "memory"),
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_ACTIONS": "true",
    }


def steps(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (step for step in job["steps"] if "run" in step)


def step(given: dict[str, Any], cwd: Path, machine: dict[str, str], **values: str) -> subprocess.CompletedProcess[str]:
    """A step as a runner would run it: bash that stops at the first failure, its variables from the test."""
    told = {name: values.get(name, str(value)) for name, value in given.get("env", {}).items()}
    assert not any("${{" in value for value in told.values()), told
    return run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", given["run"], cwd=cwd, **machine, **told)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_services_schemas_take_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.yml").write_text(render(name, WIRING))
    command = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[name], "file.yml")
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    (tmp_path / "file.yml").write_text(render(name, WIRING).replace("run:", "rum:").replace("script:", "skript:"))
    assert run(*command, cwd=tmp_path).returncode == 1


def test_pre_commit_takes_its_files(tmp_path: Path) -> None:
    for name, verb in (("hooks", "validate-manifest"), ("pre-commit", "validate-config")):
        (tmp_path / "file.yaml").write_text(render(name, WIRING))
        assert run(sys.executable, "-m", "pre_commit", verb, "file.yaml", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["action", "hooks"])
def test_porters_own_copies_are_fresh(name: str) -> None:
    assert (ROOT / PLACES[name][1]).read_text(encoding="utf-8") == render(name, Wiring("")), "run: porter init ci --for"


def upstream(root: Path) -> Path:
    root.mkdir(parents=True)
    sh(root, "init", "-q", "-b", "main")
    put(root, OLD)
    sh(root, "add", "-A")
    sh(root, "commit", "-qm", "one")
    return root


@pytest.mark.parametrize("kind", ["in place", "folder"])
def test_the_weekly_bump_opens_a_pull_request(tmp_path: Path, machine: dict[str, str], kind: str) -> None:
    model = upstream(tmp_path / "model")
    if kind == "folder":
        ours = tmp_path / "ours"
        migrate(model, write_sibling, ours)
        sh(ours, "init", "-q", "-b", "main")
    else:
        sh(tmp_path, "clone", "-q", str(model), str(tmp_path / "ours"))
        ours = tmp_path / "ours"
        migrate(ours, write_in_place)
    sh(ours, "add", "-A")
    sh(ours, "commit", "-qm", "port")
    (tmp_path / "origin.git").mkdir()
    sh(tmp_path / "origin.git", "init", "-q", "--bare")
    sh(ours, "remote", "remove", "origin") if kind != "folder" else None
    sh(ours, "remote", "add", "origin", str(tmp_path / "origin.git"))
    put(model, NEW)
    sh(model, "add", "-A")
    sh(model, "commit", "-qm", "two")
    jobs = yaml.safe_load(render("github", WIRING))["jobs"]
    for given in steps(jobs["bump"]):
        done = step(given, ours, machine, UPSTREAM=str(model), GH_TOKEN="none")
        assert done.returncode == 0, f"{given['name']}: {done.stdout}{done.stderr}"
    assert "changed=true" in (tmp_path / "output").read_text()
    assert "pr create --head porter/bump" in (tmp_path / "gh").read_text()
    assert "fresh.py:2" in (tmp_path / "runner/bump.md").read_text()
    pushed = sh(tmp_path / "origin.git", "show", "porter/bump:train.py").decode()
    assert "torch.ones(3).npu()" in pushed
    assert "gone.py" not in sh(tmp_path / "origin.git", "ls-tree", "--name-only", "porter/bump").decode()


@pytest.mark.parametrize(("text", "code"), [("x = 1  # cuda\n", 0), ("x.cuda()\n", 1)])
def test_pull_requests_are_checked(tmp_path: Path, machine: dict[str, str], text: str, code: int) -> None:
    root = upstream(tmp_path / "repo")
    base = sh(root, "rev-parse", "HEAD").decode().strip()
    (root / "new.py").write_text(text)
    sh(root, "add", "-A")
    sh(root, "commit", "-qm", "change")
    *_, check = steps(yaml.safe_load(render("github", WIRING))["jobs"]["check"])
    done = step(check, root, machine, SINCE=base)
    assert done.returncode == code and ("::error file=new.py,line=1" in done.stdout) == bool(code), done.stderr
    action = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    values = {
        "AT": ".",
        "SINCE": base,
        "UPSTREAM": "",
        "TARGET": "npu",
        "FORM": "github",
        "INSTALL": "",
        "HERE": "here",
    }
    codes = [step(each, root, machine, **values).returncode for each in action]
    assert codes == [0, code]
    job = yaml.safe_load(render("gitlab", WIRING))["porter-check"]
    done = run(
        "bash",
        "-eo",
        "pipefail",
        "-c",
        "\n".join(job["script"]),
        cwd=root,
        **machine,
        CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
    )
    assert done.returncode == code, done.stderr
    assert ("<failure" in (root / "porter.xml").read_text()) == bool(code)


def test_pre_commit_runs_the_hook(tmp_path: Path, machine: dict[str, str], here: Callable[..., Result]) -> None:  # noqa: F811
    hooks, root = tmp_path / "hooks", upstream(tmp_path / "repo")
    hooks.mkdir()
    sh(hooks, "init", "-q", "-b", "main")
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    sh(hooks, "add", "-A")
    sh(hooks, "commit", "-qm", "hooks")
    revision = sh(hooks, "rev-parse", "HEAD").decode().strip()
    # The environment that pre-commit would install is this one here, everything else is as for anybody.
    config = {"repos": [{"repo": str(hooks), "rev": revision, "hooks": [{"id": "porter-check", "language": "system"}]}]}
    (root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    assert here("baseline", root, "-t", "npu").code == 0
    sh(root, "add", "-A")
    environment = {**machine, "PRE_COMMIT_HOME": str(tmp_path / "store"), "GIT_CONFIG_GLOBAL": os.devnull}
    environment["PRE_COMMIT_ALLOW_NO_CONFIG"] = "0"
    done = run(sys.executable, "-m", "pre_commit", "run", "--all-files", cwd=root, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (root / "train.py").write_text(OLD["train.py"] + "y.cuda()\n")
    sh(root, "add", "-A")
    done = run(sys.executable, "-m", "pre_commit", "run", cwd=root, **environment)
    assert done.returncode == 1 and "train.py:12" in done.stdout, done.stdout


def test_init_writes_what_was_asked_and_replaces_nothing(tmp_path: Path, here: Callable[..., Result]) -> None:  # noqa: F811
    words = ["init", "ci", tmp_path, "-t", "npu", "--upstream", "https://example.org/x.git"]
    (tmp_path / ".pre-commit-config.yaml").write_text("repos: []\n")
    before = tree(tmp_path)
    assert here(*words, "--for", "github", "--for", "pre-commit").code == 2
    assert here(*words, "--for", "jenkins").code == here("init", "ci", tmp_path).code == 2
    assert tree(tmp_path) == before
    assert here(*words).code == here(*words).code == 0
    assert (tmp_path / ".github/workflows/porter.yml").is_file()
    assert here(*words, "--for", "pre-commit", "--force").code == 0
    assert "porter check" in (tmp_path / ".pre-commit-config.yaml").read_text()


@pytest.mark.parametrize("value", ["a b", 'x"; rm -rf /', "a\nb", "${{ x }}", "$(id)", "`id`", "a'b"])
def test_no_value_can_become_a_command(value: str) -> None:
    for name in PLACES:
        with pytest.raises(UsageError, match="cannot take"):
            render(name, Wiring("npu", value, "https://example.org", "porter"))
