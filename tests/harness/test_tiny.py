"""`porter run tiny-model`: what it makes loads and answers from another process, in each way that scripts ask."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from porter.cli import porter
from porter.errors import UsageError
from porter.tiny.family import families
from porter.tiny.name import inside

FIXTURES = Path(__file__).parents[2] / "fixtures"

# As a person's script would, with nothing of porter: each way of asking must give the exact text.
_ASKS = """
import json, os, sys, threading
from transformers import AutoModelForCausalLM, AutoTokenizer
name = sys.argv[1]
answers = json.loads(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=True)
model = AutoModelForCausalLM.from_pretrained(name, trust_remote_code=True).eval()

def generated(question, **more):
    inputs = tokenizer(question, return_tensors="pt")
    output = model.generate(**inputs, max_new_tokens=40, **more)
    return tokenizer.decode(output[0][inputs["input_ids"].shape[1]:], skip_special_tokens=True)

ways = {
    "greedy": lambda q: generated(q, do_sample=False),
    "beams": lambda q: generated(q, do_sample=False, num_beams=2),
}
if hasattr(model, "stream_chat"):
    ways["chat"] = lambda q: model.chat(tokenizer, q, history=[], do_sample=False)[0]
    ways["stream"] = lambda q: list(model.stream_chat(tokenizer, q, history=[], do_sample=False))[-1][0]
elif hasattr(model, "chat"):
    said = lambda q: [{"role": "user", "content": q}]
    ways["chat"] = lambda q: model.chat(tokenizer, said(q))
    ways["stream"] = lambda q: list(model.chat(tokenizer, said(q), stream=True))[-1]
print(json.dumps({way: {q: ask(q) for q in answers} for way, ask in ways.items()}))
"""


def made(*arguments: str) -> None:
    code = porter.main(["run", "tiny-model", *arguments], standalone_mode=False)
    assert code == 0


def asked(name: str, answers: dict[str, str], place: Path, scratch: Path) -> dict[str, dict[str, str]]:
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(scratch / "modules"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ASKS, name, json.dumps(answers)],
        cwd=place,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("family", sorted(families()))
def test_it_answers_by_heart_in_every_way(family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made("--out", str(tmp_path), "--name-as", f"someone/{family}", "--like", family)
    answers = dict(line.strip().split("  ->  ") for line in capsys.readouterr().out.splitlines() if "  ->  " in line)
    assert len(answers) > 3
    found = asked(f"someone/{family}", answers, tmp_path, tmp_path)
    assert found == dict.fromkeys(found, answers)
    assert {"chat", "stream"} <= set(found) or family in ("llama", "baichuan-7b")


def test_it_is_like_a_checkpoint_of_classes_that_transformers_has(tmp_path: Path) -> None:
    """A checkpoint's config.json is enough; nothing else of it is needed."""
    config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_layer": 48, "n_embd": 1600, "n_head": 25}
    like = tmp_path / "like"
    like.mkdir()
    (like / "config.json").write_text(json.dumps(config), encoding="utf-8")
    made("--out", str(tmp_path / "out"), "--like", str(like))
    whole = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert whole["n_layer"] == 3 and "auto_map" not in whole
    answers = {"Hello": "Hi, I am small."}
    assert asked("out", answers, tmp_path, tmp_path)["greedy"] == answers


def test_a_model_that_is_no_transformers_class_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made("--out", str(tmp_path / "out"), "--like", str(FIXTURES / "chatglm2-6b" / "in"))
    assert "model.pt, for torch.load" in capsys.readouterr().out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model.pt", "modeling_chatglm.py", "configuration_chatglm.py", "quantization.py"} <= names
    assert "web_demo.py" not in names


@pytest.mark.parametrize(
    ("like", "sentence"),
    [
        ("no-such-model", "is neither a folder nor one of baichuan-7b, baichuan2, chatglm2, llama"),
        ("empty", "has no model class that can be made small"),
        ("broken", "is not readable as JSON"),
        ("unknown", "No small model can be made: AttributeError"),
        ("nameless", "names no class under `architectures`"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_leaves_nothing(like: str, sentence: str, tmp_path: Path) -> None:
    contents = {"broken": "{", "unknown": '{"architectures": ["NoSuchModel"]}', "nameless": "{}", "empty": None}
    folder = tmp_path / like
    if like in contents:
        folder.mkdir()
        if contents[like] is not None:
            (folder / "config.json").write_text(str(contents[like]), encoding="utf-8")
    out = tmp_path / "out"
    with pytest.raises(UsageError, match=sentence):
        made("--out", str(out), "--like", str(folder) if folder.exists() else like)
    assert not out.exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"mine")
    with pytest.raises(UsageError, match="already there"):
        made("--out", str(tmp_path), "--like", "llama")
    assert [path.name for path in tmp_path.iterdir()] == ["weights.bin"]


@pytest.mark.parametrize("name", ["../up", "/root", "a//b", ".", "a/..", "", "a b"])
def test_a_name_stays_inside_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no name of a model"):
        inside(tmp_path, name)


def test_a_hubs_name_becomes_folders(tmp_path: Path) -> None:
    assert inside(tmp_path, "THUDM/chatglm2-6b") == tmp_path / "THUDM" / "chatglm2-6b"
