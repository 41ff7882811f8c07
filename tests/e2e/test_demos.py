"""The web demos of ChatGLM2-6B and Baichuan2, ported to npu: a browser asks, a worker thread of theirs answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ANSWERS, NAMES
from .started import Started
from .test_fastchat import on_device

Run = Callable[..., Started]
Model = Callable[[str], Path]

QUESTION, ANSWER = "What runs here?", ANSWERS["What runs here?"]


def shows(browser: Any, text: str, seconds: int = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if text in browser.find_element("tag name", "body").text:
            return True
        time.sleep(0.2)
    return False


def field(browser: Any, seconds: int = 90) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        shown = [one for one in browser.find_elements("css selector", "textarea") if one.is_displayed()]
        if shown:
            return shown[0]
        time.sleep(0.2)
    raise AssertionError(browser.find_element("tag name", "body").text)


@pytest.mark.browser
@pytest.mark.parametrize(("kind", "recipe"), [("chatglm2", "gradio-demo"), ("baichuan2", "streamlit-demo")])
def test_a_demo_answers_in_a_browser(
    kind: str, recipe: str, demo: Callable[..., Path], run: Run, browser: Any, ports: Callable[[], int], tmp_path: Path
) -> None:
    port = ports()
    page = run(recipe, "--repo", demo(kind), "--port", port, "--logs", tmp_path / "logs")
    page.says("Ctrl-C stops all")
    assert page.listens() == {"127.0.0.1"}
    asked(browser, port, recipe)
    assert shows(browser, ANSWER), (tmp_path / "logs").joinpath(f"{recipe.partition('-')[0]}.log").read_text()
    page.stops()
    assert on_device(page) > 100


def asked(browser: Any, port: int, recipe: str) -> None:
    """A person types the question and sends it."""
    browser.get(f"http://127.0.0.1:{port}/")
    box = field(browser)
    box.send_keys(QUESTION)
    if recipe == "gradio-demo":
        next(one for one in browser.find_elements("tag name", "button") if one.text == "Submit").click()
    else:
        box.send_keys("\n")


@pytest.mark.browser
def test_without_the_ports_set_device_a_demo_never_answers(
    small: Model, demo: Callable[..., Path], run: Run, browser: Any, ports: Callable[[], int], tmp_path: Path
) -> None:
    """What the porting guides mend by hand, in the page or in the model's code: without both it fails in its thread."""
    port = ports()
    folder = demo("chatglm2", small("chatglm2") / NAMES["chatglm2"])
    lines = (folder / "web_demo.py").read_text(encoding="utf-8").splitlines(keepends=True)
    left = [line for line in lines if "set_device(" not in line]
    assert len(left) < len(lines)
    (folder / "web_demo.py").write_text("".join(left), encoding="utf-8")
    page = run("gradio-demo", "--repo", folder, "--port", port, "--logs", tmp_path / "logs")
    page.says("Ctrl-C stops all")
    asked(browser, port, "gradio-demo")
    assert not shows(browser, ANSWER, 15)
    assert "107002" in (tmp_path / "logs" / "gradio.log").read_text(encoding="utf-8")
    page.stops()
