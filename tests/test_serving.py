"""`porter run bench-serving` against real servers on the loopback: good ones, slow ones, and ones that fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from porter.cli import porter
from porter.errors import UsageError
from porter.serving.figures import percentile
from porter.serving.prompts import conversations, random_prompts

TOKENS = 5
GAP = 0.02


class Server(BaseHTTPRequestHandler):
    """Speaks enough of OpenAI's protocol; what it does wrong, the model's name asks for."""

    protocol_version = "HTTP/1.1"
    busy = 0
    most = 0
    lock = threading.Lock()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._json({"data": [{"id": "tiny"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with Server.lock:
            Server.busy += 1
            Server.most = max(Server.most, Server.busy)
        try:
            self._answer(asked)
        finally:
            with Server.lock:
                Server.busy -= 1

    def _answer(self, asked: dict[str, object]) -> None:
        if asked["model"] == "broken":
            self._json({"error": "out of memory"}, 500)
        elif asked["model"] == "slow":
            time.sleep(3)
            self._json({})
        elif asked.get("stream"):
            self._stream(asked)
        else:
            text = "a b c d e"
            choice = {"text": text} if "prompt" in asked else {"message": {"content": text}}
            self._json({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": TOKENS}})

    def _stream(self, asked: dict[str, object]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(TOKENS):
            time.sleep(GAP)
            choice = {"text": "x"} if "prompt" in asked else {"delta": {"content": "x"}}
            self._event({"choices": [choice]})
            if asked["model"] == "breaks" and number == 1:
                return self._event({"error": {"message": "worker died"}})
        if asked["model"] != "uncounted":
            self._event({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": TOKENS}})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True
        return None

    def _event(self, event: object) -> None:
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def _json(self, body: object, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as address:
        yield address


def bench(url: str, folder: Path, *more: str) -> tuple[int, dict[str, object], str]:
    out = folder / "figures.json"
    arguments = ["run", "bench-serving", "--url", url, "--prompts", "6", "--json", str(out), *more]
    result = CliRunner().invoke(porter, arguments, standalone_mode=False, catch_exceptions=False)
    return result.return_value, json.loads(out.read_text(encoding="utf-8")), result.output


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_a_streaming_server_is_measured(url: str, tmp_path: Path, api: str) -> None:
    code, found, text = bench(url, tmp_path, "--api", api, "--plot", str(tmp_path / "plot.svg"))
    assert code == 0
    assert (found["good"], found["tokens"], found["prompt_tokens"], found["counted"]) == (6, 30, 42, True)
    assert 1000 * GAP <= found["first"]["mean"] < found["whole"]["mean"]  # type: ignore[index]
    assert found["per_token"]["percentiles"]["50"] >= 900 * GAP  # type: ignore[index]
    assert "time to first token" in text and text.startswith("tiny at ")
    bars = ElementTree.parse(tmp_path / "plot.svg").getroot().findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 2 * 6


def test_a_server_that_does_not_stream(url: str, tmp_path: Path) -> None:
    code, found, _ = bench(url, tmp_path, "--no-stream")
    assert code == 0 and found["tokens"] == 30 and found["first"] is None and found["whole"] is not None


def test_without_a_count_the_pieces_are_counted_and_that_is_said(url: str, tmp_path: Path) -> None:
    _, found, text = bench(url, tmp_path, "--model", "uncounted")
    assert found["tokens"] == 30 and found["counted"] is False and "counted as one" in text


@pytest.mark.parametrize(
    ("model", "says"), [("broken", "HTTP 500"), ("breaks", "worker died"), ("slow", "ReadTimeout")]
)
def test_what_fails_is_a_figure(url: str, tmp_path: Path, model: str, says: str) -> None:
    code, found, text = bench(url, tmp_path, "--model", model, "--timeout", "1")
    assert code == 1 and found["good"] == 0 and found["errors"][0][1] == 6 and says in text  # type: ignore[index]


def test_no_more_at_once_than_asked_for(url: str, tmp_path: Path) -> None:
    while Server.busy:  # what another test gave up on
        time.sleep(0.05)
    Server.most = 0
    bench(url, tmp_path, "--at-once", "2")
    assert Server.most == 2


def test_a_rate_spreads_the_requests(url: str, tmp_path: Path) -> None:
    _, found, _ = bench(url, tmp_path, "--rate", "20")
    assert found["seconds"] > 0.15 + TOKENS * GAP  # type: ignore[operator]


def test_prompts_from_a_file_and_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    turn = [{"from": "human", "value": "Who are you?"}, {"from": "gpt", "value": "I am a model"}]
    path.write_text(json.dumps([{"conversations": turn}, {"conversations": turn[:1]}, 3]), encoding="utf-8")
    assert [(prompt.text, prompt.answer) for prompt in conversations(path, 2, None, 0)] == [("Who are you?", 4)] * 2
    assert random_prompts(3, 9, 5, 1) == random_prompts(3, 9, 5, 1) != random_prompts(3, 9, 5, 2)
    assert {len(prompt.text.split()) for prompt in random_prompts(3, 9, 5, 1)} == {9}
    for bad in ("{", "{}", "[]"):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(UsageError, match="conversation"):
            conversations(path, 1, None, 0)


def test_no_server_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="is the server up"):
        porter.main(["run", "bench-serving", "--url", "http://127.0.0.1:9/v1"], standalone_mode=False)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_lies_among_the_values(values: list[float], percent: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, percent)
    assert ordered[0] - 1e-6 <= found <= ordered[-1] + 1e-6
    assert percentile(ordered, 0) == ordered[0] and percentile(ordered, 100) == ordered[-1]
