"""The folder verify/ of a port as plain pytest runs it: on a simulated device, as on a real one, on a broken port."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from porter.lock import LOCK_NAME, read

from .conftest import Port, original, seed

PROJECT = Path(__file__).parents[2]
NORM = "logits = self.lm_head(self.ln_f(x))"

EVERY = {
    *("test_edits", "test_import", "test_forward", "test_half", "test_train_step", "test_ten_steps"),
    *("test_determinism", "test_save_load", "test_generate", "test_known_answers", "test_distributed"),
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def mine(port: Port, tmp_path: Path) -> Path:
    """A port to be written into."""
    folder = tmp_path / "port"
    shutil.copytree(port("minimal-gpt", "npu"), folder)
    return folder


@pytest.fixture(scope="session")
def only_the_simulator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which porter has its simulated accelerator, and nothing else."""
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(PROJECT / "porter" / "sim", folder / "porter" / "sim")
    shutil.copy(PROJECT / "porter" / "__init__.py", folder / "porter")
    return folder


@pytest.fixture
def run(only_the_simulator: Path) -> Run:
    """run(port, "-k", "forward"): pytest in a process that finds no more of porter than the simulator."""

    def of(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-S", "-c", _WITHOUT_PORTER, str(folder / "verify"), "--seconds", "400", *words]
        told = {**os.environ, "PYTHONPATH": str(only_the_simulator), **env}
        return subprocess.run(command, env=told, capture_output=True, text=True, timeout=900, check=False)

    return of


# A porter that is installed as a checkout is found by a hook; here it must not be.
_WITHOUT_PORTER = """
import sys
import site
site.main()
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
    return {what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|skipped)", last)}


def test_a_correct_port_passes_beside_its_original_and_alone(mine: Path, run: Run) -> None:
    before = {path.relative_to(mine) for path in mine.rglob("*")}
    done = run(mine, "--device", "sim", PORTER_ORIGINAL=str(original("minimal-gpt")))
    every = {path.stem for path in (mine / "verify").glob("test_*.py")}
    assert done.returncode == 0, done.stdout
    assert every == EVERY
    assert counts(done) == {
        "passed": 4 + 5 + 1 + len(EVERY - {"test_import", "test_edits"})
    }  # modules, files, half twice
    alone = run(mine, "-k", "forward", "--device", "sim")
    assert (alone.returncode, counts(alone)) == (0, {"passed": 1}), alone.stdout
    assert {path.relative_to(mine) for path in mine.rglob("*")} == before


def test_a_broken_port_fails_and_names_the_line(mine: Path, run: Run) -> None:
    place = seed(mine / "model.py", NORM, f"{NORM}.cuda()", "model.py")
    done = run(mine, "-k", "forward", "--device", "sim", "--original", str(original("minimal-gpt")))
    assert (done.returncode, counts(done)) == (1, {"failed": 1}), done.stdout
    assert place in done.stdout


def test_a_port_with_other_numbers_fails(mine: Path, run: Run) -> None:
    seed(mine / "model.py", NORM, f"{NORM} * 1.5", "model.py")
    done = run(mine, "-k", "forward", "--device", "sim", "--original", str(original("minimal-gpt")))
    assert counts(done) == {"failed": 1}, done.stdout
    assert "in the reference" in done.stdout


@pytest.mark.parametrize(
    ("check", "file", "old", "new", "said"),
    [
        (
            "edits",
            "train.py",
            "backend = 'hccl'",
            "backend = 'gloo'",
            "train.py no longer has the line `backend = 'hccl'",
        ),
        (
            "ten_steps",
            "model.py",
            NORM,
            f"{NORM} * (2 if torch.is_autocast_enabled('npu') else 1)",
            "trained.float16 with GradScaler.losses",
        ),
    ],
)
def test_a_bug_that_one_check_sees(check: str, file: str, old: str, new: str, said: str, mine: Path, run: Run) -> None:
    seed(mine / file, old, new, file)
    done = run(mine, "-k", check, "--device", "sim", "--original", str(original("minimal-gpt")))
    assert (done.returncode, counts(done)["failed"]) == (1, 1), done.stdout
    assert said in done.stdout


def test_what_cannot_run_is_not_green(mine: Path, run: Run) -> None:
    reference = {"answers": {"recipe": {"model:GPT": {"fault": {"type": "E", "message": "no", "at": "model.py:1"}}}}}
    (mine / "verify" / "reference.json").write_text(json.dumps(reference), encoding="utf-8")
    done = run(mine, "-k", "forward", "--device", "sim")
    assert (done.returncode, counts(done)) == (1, {"skipped": 1}), done.stdout
    assert "reference-not-runnable" in done.stdout
    assert "no check passed" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--device", "real"], "torch_npu is not installed here"),
        (["--device", "moon"], "--device 'moon' is none of"),
        (["--device", "sim", "--original", "/no/such/folder"], "There is no folder /no/such/folder"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(mine: Path, run: Run, words: list[str], sentence: str) -> None:
    done = run(mine, "-k", "forward", *words)
    assert done.returncode == 2
    assert sentence in done.stdout + done.stderr


def vendor_installed() -> dict[str, str]:
    """The environment of a machine on which `import torch_npu` works: the simulator stands for the vendor here."""
    from porter.sim import Options
    from porter.sim.build import cache_folder
    from porter.sim.run import environment

    whole = environment("npu", Options("npu"), autoload=False)
    kept = {name: value for name, value in whole.items() if name.startswith("PORTERSIM_")}
    # A process has a home of its own, in which it would build the extension anew.
    return {**kept, "PYTHONPATH": whole["PYTHONPATH"].split(os.pathsep)[0], "PORTERSIM_CACHE": str(cache_folder())}


def test_as_on_a_real_device_nothing_of_porter_is_needed(mine: Path, run: Run) -> None:
    """The port on the CPU is the reference."""
    done = run(mine, "-k", "forward or half or save_load", "--device", "real", **vendor_installed())
    assert (done.returncode, counts(done)) == (0, {"passed": 4}), done.stdout


def test_porter_verify_on_what_is_taken_for_a_real_device(mine: Path) -> None:
    """First the original is recorded, then a machine without it compares with what was recorded, within bounds."""

    def verify(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(
            filter(None, [env.pop("PYTHONPATH", ""), str(PROJECT), os.environ.get("PYTHONPATH", "")])
        )
        command = [sys.executable, "-m", "porter", "verify", str(mine), "--only", "forward", *words]
        told = {**os.environ, "PYTHONPATH": path, **env}
        return subprocess.run(command, env=told, capture_output=True, text=True, timeout=900, check=False)

    done = verify("--original", str(original("minimal-gpt")))
    assert done.returncode == 0, done.stderr
    recorded = json.loads((mine / "verify" / "reference.json").read_text(encoding="utf-8"))
    assert recorded["answers"]["forward"].keys() == {"model:GPT"}

    done = verify("--device", "auto", **vendor_installed())
    assert done.returncode == 0, done.stderr + done.stdout
    assert "what an earlier run recorded of the original" in done.stdout
    target = read(mine / LOCK_NAME).target
    heading = f"## What was run: {target.name}@{target.version} (real)"
    assert (mine / "report.md").read_text(encoding="utf-8").count(heading) == 1

    seed(mine / "model.py", NORM, f"{NORM} * 1.5", "model.py")
    done = verify("--device", "real", **vendor_installed())
    assert done.returncode == 1
    assert "in the reference" in done.stdout


def test_every_check_on_what_is_taken_for_a_real_device(mine: Path) -> None:
    """Without the original and without anything recorded the port on the CPU is the reference; nothing is left out."""
    names = ("half", "ten-steps", "determinism", "save-load", "known-answers", "distributed")
    path = os.pathsep.join([vendor_installed()["PYTHONPATH"], str(PROJECT), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, **vendor_installed(), "PORTERSIM_DEVICES": "2", "PYTHONPATH": path}
    words = [word for name in names for word in ("--only", name)]
    command = [sys.executable, "-m", "porter", "verify", str(mine), "--device", "real", "--format", "json", *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900, check=False)
    rows = json.loads(done.stdout)["results"]
    assert {row["check"]: row["outcome"] for row in rows} == dict.fromkeys(names, "pass"), rows
    assert done.returncode == 0
