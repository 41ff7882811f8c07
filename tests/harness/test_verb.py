"""`porter verify` as a person meets it: exit codes, sentences, evidence that stays out of the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Port, migrate, original, seed

PROJECT = Path(__file__).parents[2]


def porter(*arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "porter", "verify", *map(str, arguments)]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path, **env}, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "magic"], "There is no check 'magic'; the checks are static, edits, import, forward"),
        (["--original", "/no/such/folder"], "There is no folder /no/such/folder"),
        (["--memory", "much"], "--memory 'much' is no amount of memory"),
        (["--python", "/no/python"], "/no/python is no Python that can be started"),
        (["--only", "static", "--run", "python x.py"], "--only leaves that out"),
    ],
)
def test_bad_input(arguments: list[str], sentence: str, port: Port) -> None:
    done = porter(port("minimal-gpt", "npu"), "-q", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_no_port(tmp_path: Path) -> None:
    done = porter(tmp_path)
    assert done.returncode == 2
    assert "is no port: it has no porter.lock" in done.stderr


def test_without_torch(port: Port, tmp_path: Path) -> None:
    empty = tmp_path / "python"
    empty.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
    empty.chmod(0o755)
    done = porter(port("minimal-gpt", "npu"), "-q", "--python", empty)
    assert done.returncode == 2
    assert "verify needs torch: install porter[verify]" in done.stderr
    assert porter(port("minimal-gpt", "npu"), "-q", "--python", empty, "--only", "static").returncode == 0


def test_evidence_is_no_obstacle(tmp_path: Path) -> None:
    """It is written into the port, is equal for equal runs, and the port can be made again over it."""
    folder = migrate(original("minimal-gpt"), "npu", tmp_path / "port")
    seen = []
    for _ in range(2):
        done = porter(folder, "--original", original("minimal-gpt"), "--only", "static", "--only", "import")
        assert done.returncode == 0, done.stderr
        assert "Running the repository's code" in done.stderr
        seen.append([(folder / "verify" / name).read_bytes() for name in ("evidence.json", "evidence.md")])
    assert seen[0] == seen[1]
    told = json.loads(seen[0][0])
    assert [result["outcome"] for result in told["results"]] == ["pass", "pass"]
    assert told["versions"].keys() >= {"porter", "torch"}
    assert {"proves", "cannot_prove"} == told["checks"]["static"].keys()
    left = {path.name for path in folder.rglob("*")} - {path.name for path in original("minimal-gpt").rglob("*")}
    assert left >= {"porter.lock", "report.md", "report.json", "verify", "evidence.json", "evidence.md"}
    assert (folder / "report.md").read_text(encoding="utf-8").count("## What was run") == 1
    migrate(original("minimal-gpt"), "npu", folder)
    assert not (folder / "verify" / "evidence.json").exists()
    assert "## What was run" not in (folder / "report.md").read_text(encoding="utf-8")


def test_evidence_of_a_person_is_not_replaced(tmp_path: Path) -> None:
    checkout = tmp_path / "repo"
    shutil.copytree(original("minimal-gpt"), checkout)
    (checkout / "verify").mkdir()
    (checkout / "verify" / "evidence.md").write_text("mine\n", encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "port")
    done = porter(folder, "--only", "static")
    assert done.returncode == 2
    assert "has a verify/evidence.md of its own" in done.stderr
    assert porter(folder, "--only", "static", "--evidence", tmp_path / "told").returncode == 0
    assert (tmp_path / "told" / "evidence.json").is_file()
    assert (folder / "verify" / "evidence.md").read_text(encoding="utf-8") == "mine\n"


def test_nothing_shown_is_no_success(port: Port) -> None:
    done = porter(port("minimal-gpt", "npu"), "-q", "--only", "forward", "--evidence", "/dev/null/x")
    assert done.returncode == 2  # evidence cannot be written there
    done = porter(port("minimal-gpt", "npu"), "-q", "--device", "real", "--only", "forward", "--format", "markdown")
    assert done.returncode == 1
    assert "**needs-device**" in done.stdout
    assert "finds no npu device" in done.stdout


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('skip = { magic = "no" }', "leaves out 'magic'; the checks are"),
        ('commands = ["python \'x"]', "cannot be read"),
        ('memory = "much"', "--memory 'much' is no amount"),
        ("speed = 1", "unknown field `speed`"),
    ],
)
def test_settings_that_cannot_be_meant(lines: str, sentence: str, port: Port, tmp_path: Path) -> None:
    folder = tmp_path / "port"
    shutil.copytree(port("minimal-gpt", "npu"), folder)
    (folder / "pyproject.toml").write_text(f"[tool.porter.verify]\n{lines}\n", encoding="utf-8")
    done = porter(folder, "-q", "--only", "static")
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_settings_leave_a_check_out(port: Port, tmp_path: Path) -> None:
    folder = tmp_path / "port"
    shutil.copytree(port("minimal-gpt", "npu"), folder)
    (folder / "pyproject.toml").write_text('[tool.porter.verify]\nskip = { import = "slow" }\n', encoding="utf-8")
    done = porter(folder, "--only", "static", "--only", "import")
    assert done.returncode == 0
    assert "not-applicable" in done.stdout
    assert "leave it out: slow" in done.stdout


def bare_python(folder: Path, version: str) -> Path:
    """An interpreter whose torch says this of itself."""
    torch = folder / "site" / "torch"
    torch.mkdir(parents=True)
    (torch / "__init__.py").write_text("", encoding="utf-8")
    (torch / "version.py").write_text(f"__version__ = {version!r}\n", encoding="utf-8")
    info = folder / "site" / f"torch-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n", encoding="utf-8")
    made = folder / "python"
    exports = f'export PYTHONPATH="{folder / "site"}:$PYTHONPATH"'
    made.write_text(f'#!/bin/sh\n{exports}\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
    made.chmod(0o755)
    return made


def test_another_torch_is_a_sentence(port: Port, tmp_path: Path) -> None:
    old = bare_python(tmp_path, "2.1.0")
    done = porter(port("minimal-gpt", "npu"), "-q", "--only", "import", "--python", old, "--evidence", tmp_path / "e")
    assert (done.returncode, done.stdout) == (2, "")
    assert "has torch 2.1.0, too old" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_check_that_fails_explains_itself(tmp_path: Path) -> None:
    """The cause and its cure stand under the failed check: on the terminal, in the report and in the data."""
    folder = migrate(original("minimal-gpt"), "npu", tmp_path / "port")
    seed(folder / "model.py", "@dataclass", 'torch.zeros(1, device="cuda")\n\n\n@dataclass', "model.py")
    done = porter(folder, "--original", original("minimal-gpt"), "--only", "import", "-q")
    assert done.returncode == 1
    lines = [line.strip() for line in done.stdout.splitlines()]
    failed = next(number for number, line in enumerate(lines) if line.startswith("import  fail"))
    assert lines[failed + 2].startswith("Explained: E001: ")
    row = next(line for line in (folder / "report.md").read_text(encoding="utf-8").splitlines() if "**fail**" in line)
    assert "<br>Explained: E001: " in row
    (result,) = json.loads((folder / "verify" / "evidence.json").read_text(encoding="utf-8"))["results"]
    assert result["explained"]["matches"][0]["id"] == "E001"


def cuda_python(folder: Path) -> Path:
    """An interpreter whose torch says that it was built for CUDA, as the one on PyPI does."""
    import torch

    real, made = Path(torch.__file__).parent, folder / "site" / "torch"
    made.mkdir(parents=True)
    for path in real.iterdir():
        if path.name != "version.py":
            (made / path.name).symlink_to(path)
    told = (real / "version.py").read_text(encoding="utf-8")
    (made / "version.py").write_text(f"{told}\ncuda = '12.6'\n", encoding="utf-8")
    python = folder / "python"
    exports = f'export PYTHONPATH="$PYTHONPATH:{folder / "site"}"'
    python.write_text(f'#!/bin/sh\n{exports}\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return python


def test_a_cuda_build_of_torch_is_a_sentence(port: Port, tmp_path: Path) -> None:
    """On it the port can be simulated, and the original cannot: nothing is green, and the mend is named."""
    place = ("--original", original("minimal-gpt"), "--device", "sim", "--evidence", tmp_path / "e")
    done = porter(port("minimal-gpt", "npu"), "-q", "--only", "forward", "--python", cuda_python(tmp_path), *place)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "reference-not-runnable" in done.stdout
    assert "is a CUDA build, on which CUDA cannot be simulated: use the CPU build" in done.stdout


def test_without_a_compiler(port: Port, tmp_path: Path) -> None:
    """The slower device is used, nothing can be compared, and both are said."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh", "env"):
        (tools / name).symlink_to(shutil.which(name) or "")
    place = ("--original", original("minimal-gpt"), "--device", "sim", "--evidence", tmp_path / "e")
    variables = {"PATH": str(tools), "CXX": "", "PORTERSIM_CACHE": str(tmp_path / "cache")}
    done = porter(port("minimal-gpt", "npu"), "-q", "--only", "import", "--only", "forward", *place, **variables)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "import   pass" in done.stdout
    assert "forward  reference-not-runnable" in done.stdout
    assert "there is no C++ compiler here" in done.stdout
    assert "the slower device was used" in done.stdout


def test_a_repository_without_a_model(tmp_path: Path) -> None:
    checkout = tmp_path / "repo"
    checkout.mkdir()
    (checkout / "run.py").write_text("import torch\n\nprint(torch.zeros(1).cuda().sum())\n", encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "port")
    done = porter(folder, "-q", "--original", checkout, "--only", "forward", "--evidence", tmp_path / "e")
    assert (done.returncode, done.stderr) == (1, "")
    assert "No class of the port is a model that the harness knows how to build tiny." in done.stdout
