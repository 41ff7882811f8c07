"""Small models, their ports, FastChat's port, and a browser; each made once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .started import PROJECT, Started

# Without FastChat there is nothing to test here, but `make test-e2e` installs it and must not pass by skipping.
if importlib.util.find_spec("fastchat") is None and "CI" not in os.environ:
    collect_ignore_glob = ["*"]

NAMES = {
    "llama": "meta-llama/Llama-2-7b-chat-hf",
    "baichuan2": "baichuan-inc/Baichuan2-7B-Chat",
    "chatglm2": "THUDM/chatglm2-6b",
}
FIXTURES = {"chatglm2": "chatglm2-6b", "baichuan2": "baichuan2"}
ANSWERS = {"Hello": "Hi, I am small.", "你好": "很好，谢谢。", "What runs here?": "A port, on a device."}
SIMULATED = ("--target", "npu", "--device", "sim", "--python", sys.executable)


def porter(*words: object) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "porter", *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode in (0, 1), done.stderr
    return done


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """small("chatglm2"): a folder in which scripts find the model under its name on the hub; its code as upstream's."""
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("models")
            porter("run", "tiny-model", "--like", kind, "--out", made[kind], "--name-as", NAMES[kind])
        return made[kind]

    return of


@pytest.fixture(scope="session")
def model(small: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """model("chatglm2"): the checkpoint folder, ported to npu, as a person ports what came from the hub."""
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("ports") / NAMES[kind]
            made[kind].parent.mkdir()
            porter("migrate", small(kind) / NAMES[kind], "--target", "npu", "--out", made[kind], "-q")
        return made[kind]

    return of


@pytest.fixture(scope="session")
def fastchat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FastChat as the registry has it, ported to npu."""
    spec = importlib.util.find_spec("fastchat")
    assert spec is not None and spec.submodule_search_locations
    checkout = tmp_path_factory.mktemp("upstream") / "FastChat"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(next(iter(spec.submodule_search_locations)), checkout / "fastchat", ignore=ignored)
    porter("migrate", checkout, "--target", "npu", "--out", checkout.with_name("FastChat_npu"), "-q")
    return checkout.with_name("FastChat_npu")


@pytest.fixture
def demo(model: Callable[[str], Path], tmp_path: Path) -> Callable[..., Path]:
    """demo("chatglm2"): the fixture's port, with the model where its scripts look for it."""

    def of(kind: str, folder: Path | None = None) -> Path:
        port = tmp_path / "port"
        porter("migrate", PROJECT / "fixtures" / FIXTURES[kind] / "in", "--target", "npu", "--out", port, "-q")
        shutil.copytree(folder or model(kind), port / NAMES[kind])
        return port

    return of


@pytest.fixture
def run() -> Iterator[Callable[..., Started]]:
    """run("fastchat-cli", …): the recipe, started on the simulated npu; it ends with the test."""
    running: list[Started] = []

    def of(recipe: str, *words: object) -> Started:
        running.append(Started(recipe, *SIMULATED, *words))
        return running[-1]

    yield of
    for started in running:
        started.give_up()


@pytest.fixture
def ports() -> Callable[[], int]:
    """ports(): a port that is free now."""

    def free() -> int:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return int(taken.getsockname()[1])

    return free


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """A browser without a window, that reaches nothing but this machine."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary and driver, "a browser is needed (on Debian: apt-get install chromium chromium-driver)"
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                 f"--user-data-dir={tmp_path / 'browser'}"):  # fmt: skip
        options.add_argument(word)
    made = webdriver.Chrome(service=Service(driver), options=options)
    made.set_page_load_timeout(60)
    yield made
    made.quit()
