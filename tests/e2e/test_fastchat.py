"""FastChat from the registry, ported to npu: it answers in the terminal and over HTTP, and trains in two processes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from .conftest import ANSWERS, NAMES, porter
from .started import Started

Run = Callable[..., Started]
Model = Callable[[str], Path]


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_it_chats_in_the_terminal(kind: str, run: Run, model: Model, fastchat: Path, tmp_path: Path) -> None:
    told = ("--repo", fastchat, "--model", model(kind), "--logs", tmp_path)
    chat = run("fastchat-cli", *told, "--", "--style", "simple")
    assert chat.ends("".join(f"{question}\n!!reset\n" for question in ANSWERS) + "!!exit\n") == 0, chat.text
    said = [line.rpartition(": ")[2] for line in chat.lines if any(line.endswith(text) for text in ANSWERS.values())]
    assert said == list(ANSWERS.values()), chat.text
    assert on_device(chat) > 1000


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_it_serves(kind: str, run: Run, model: Model, fastchat: Path, ports: Callable[[], int], tmp_path: Path) -> None:
    port = ports()
    server = run(
        "fastchat-server", "--repo", fastchat, "--model", model(kind), "--logs", tmp_path / "logs",
        "--port", port, "--controller-port", ports(), "--worker-port", ports(),
    )  # fmt: skip
    server.says("Ctrl-C stops all")
    url = f"http://127.0.0.1:{port}/v1"
    assert server.listens() == {"127.0.0.1"}
    name = NAMES[kind].rpartition("/")[2]
    assert [one["id"] for one in httpx.get(f"{url}/models", trust_env=False).json()["data"]] == [name]
    for question, answer in ANSWERS.items():
        assert asked(url, name, question) == answer
        assert "".join(streamed(url, name, question)) == answer
    if kind == "llama":
        measured(url, tmp_path)
    server.stops()
    assert on_device(server) > 1000
    logged = {path.name for path in (tmp_path / "logs").glob("*.log")}
    assert {"controller.log", "worker.log", "server.log"} <= logged
    assert not list(fastchat.glob("*.log")), "the port's folder is no place for logs"


def measured(url: str, folder: Path) -> None:
    """The recipe's figures hold together, in the data and in the picture."""
    out = folder / "figures.json", folder / "plot.svg"
    words = ("--prompts", 6, "--input-len", 12, "--output-len", 8, "--at-once", 2)
    shown = porter("run", "bench-serving", "--url", url, *words, "--json", out[0], "--plot", out[1]).stdout
    found = json.loads(out[0].read_text(encoding="utf-8"))
    assert (found["requests"], found["good"], found["errors"]) == (6, 6, [])
    assert found["tokens"] > 0 and found["per_second"] > 0 and found["tokens_per_second"] > 0
    for name in ("first", "per_token", "whole"):
        tiers = [found[name]["percentiles"][tier] for tier in ("50", "90", "99")]
        assert 0 < tiers[0] <= tiers[1] <= tiers[2], name
    assert found["first"]["mean"] <= found["whole"]["mean"]
    assert "time to first token" in shown and "time per further token" in shown
    bars = ElementTree.parse(out[1]).getroot().findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 2 * 6


def body(name: str, question: str, **more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": question}]
    return {"model": name, "messages": messages, "temperature": 0, "max_tokens": 40, **more}


def asked(url: str, name: str, question: str) -> str:
    answer = httpx.post(f"{url}/chat/completions", json=body(name, question), timeout=120, trust_env=False)
    return str(answer.json()["choices"][0]["message"]["content"]).strip()


def streamed(url: str, name: str, question: str) -> list[str]:
    """The pieces as they come; there is more than one, or it is no stream."""
    sent = {"json": body(name, question, stream=True), "timeout": 120}
    with httpx.Client(trust_env=False) as client, client.stream("POST", f"{url}/chat/completions", **sent) as answer:
        events = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    deltas = [json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1]]
    pieces = [piece for piece in deltas if piece]
    assert len(pieces) > 1
    return pieces


TRAINING = {
    "llama": ("fastchat-train-chatglm2", "--fsdp_transformer_layer_cls_to_wrap", "LlamaDecoderLayer"),
    "baichuan2": ("fastchat-train-baichuan",),
    "chatglm2": ("fastchat-train-chatglm2",),
}


@pytest.mark.parametrize("kind", sorted(TRAINING))
def test_it_trains_sharded_in_two_processes(
    kind: str, run: Run, small: Model, model: Model, fastchat: Path, ports: Callable[[], int], tmp_path: Path
) -> None:
    """The flags of the guides, but for the sizes; what is saved afterwards is another model, whole, and loads."""
    data, out = tmp_path / "data.json", tmp_path / "out"
    rows = [
        {"id": f"{number}", "conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": said}]}
        for number, (asked, said) in enumerate([*ANSWERS.items()] * 8)
    ]
    data.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    recipe, *more = TRAINING[kind]
    train = run(
        recipe, "--repo", fastchat, "--model", model(kind), "--data", data, "--out", out, "--logs", tmp_path / "logs",
        "--cards", 2, "--devices", 2, "--port", ports(), "--", *more, "--model_max_length", 256,
        "--num_train_epochs", 4, "--per_device_train_batch_size", 4, "--learning_rate", "1e-3", "--save_steps", 12,
    )  # fmt: skip
    assert train.ends() == 0, train.text
    losses = [float(found) for found in re.findall(r"'loss': ([\d.]+)", train.text)]
    # in float16 the first steps are left out, until the scale of the gradients is one that fits
    assert len(losses) == 12 and 0 < sum(losses[-3:]) < sum(losses[:3]), losses
    assert "tokenization mismatch" not in train.text  # such a sample teaches nothing
    assert on_device(train) > 1000
    assert "GradScaler is enabled, but CUDA is not available" not in train.text  # what float16 would then lose
    assert learned(out, small(kind) / NAMES[kind])


def learned(out: Path, before: Path) -> bool:
    """Whether the checkpoint, put together from all shards, loads into the model, finite, and changed it.

    What FastChat writes at the very end is not looked at: under these versions it holds flattened shards, on CUDA too.
    """
    import torch
    from transformers import AutoModelForCausalLM

    file = out / "checkpoint-12" / "pytorch_model_fsdp.bin"  # only FSDP writes it
    weights = torch.load(file, map_location="cpu", weights_only=True)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in weights.values())
    whole = AutoModelForCausalLM.from_pretrained(before, trust_remote_code=True)
    old = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    whole.load_state_dict(weights)
    return any(not torch.equal(old[name].float(), tensor.float()) for name, tensor in whole.state_dict().items())


def on_device(started: Started) -> int:
    """How many operators the simulated device ran, as the recipe says at its end."""
    found = re.search(r"The simulated npu ran ([\d,]+) operators", started.text)
    assert found, started.text
    return int(found[1].replace(",", ""))
