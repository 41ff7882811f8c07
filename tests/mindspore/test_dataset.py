"""Conversations become the rows that Baichuan2's own script makes, in a MindRecord that MindSpore reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

from porter.cli import porter
from porter.errors import UsageError
from porter.mindspore.dataset.belle import Marks, row

MARKS = Marks(195, 196, 2, 0)
TALKS = [
    {"conversations": [{"from": "human", "value": "who are you"}, {"from": "gpt", "value": "a model"}]},
    {"conversations": [{"from": who, "value": "one two three " * 9} for who in ("human", "gpt", "human", "gpt")]},
]


def run(*words: object) -> str:
    done = CliRunner().invoke(porter, ["dataset", *map(str, words)], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.output


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "hf"
    tiny.write(folder, "baichuan2-7b")
    (folder / "text").write_text("who are you\na model of words\none two three four\n" * 20)
    options = {"vocab_size": 40, "character_coverage": 1.0, "minloglevel": 2, "hard_vocab_limit": False}
    SentencePieceTrainer.train(input=str(folder / "text"), model_prefix=str(folder / "tokenizer"), **options)
    return folder


def by_the_rule(turns: list[tuple[bool, list[int]]], width: int) -> tuple[list[int], list[int]]:
    """The rule of the fine-tuning script, said another way: token by token."""
    pairs: list[tuple[int, int]] = []
    for by_user, tokens in turns:
        pairs.append((195, 2) if by_user else (196, -100))
        pairs += [(token, -100 if by_user else token) for token in tokens]
    pairs = [*pairs, (2, 2), *[(0, -100)] * width][:width]
    return [a for a, _ in pairs], [b for _, b in pairs]


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(3, 190), max_size=9)), max_size=6), st.integers(1, 40))
def test_rows(turns: list[tuple[bool, list[int]]], width: int) -> None:
    spelled = [(by_user, " ".join(map(str, tokens))) for by_user, tokens in turns]
    assert row(spelled, lambda text: [int(x) for x in text.split()], MARKS, width) == by_the_rule(turns, width)


def test_a_mindrecord_that_mindspore_reads(tmp_path: Path, model: Path, mindspore_python: str) -> None:
    (tmp_path / "talks.json").write_text(json.dumps(TALKS))
    (tmp_path / "talks.jsonl").write_text("\n".join(map(json.dumps, TALKS)))
    for source in ("talks.json", "talks.jsonl"):
        out = tmp_path / f"{source}.mindrecord"
        words = [tmp_path / source, "--model", model, "--seq-length", 32, "--out", out]
        assert "2 rows of 33 columns; 1 conversations fill" in run("belle", *words, "--mindspore", mindspore_python)
        code = (
            "import sys, mindspore.dataset as d\n"
            "for r in d.MindDataset(sys.argv[1], num_parallel_workers=1, shuffle=False)"
            ".create_dict_iterator(output_numpy=True, num_epochs=1):\n"
            " print(r['input_ids'].tolist(), r['labels'].tolist())"
        )
        done = subprocess.run([mindspore_python, "-c", code, str(out)], capture_output=True, text=True, check=True)
        read = SentencePieceProcessor(model_file=str(model / "tokenizer.model"))
        turns = [[(t["from"] == "human", read.encode(t["value"])) for t in talk["conversations"]] for talk in TALKS]
        wanted = [by_the_rule(each, 33) for each in turns]
        assert [line for line in done.stdout.splitlines() if line.startswith("[")] == [f"{a} {b}" for a, b in wanted]
        with pytest.raises(UsageError, match="overwrites no data"):
            run("belle", *words, "--mindspore", mindspore_python)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "no JSON"),
        ("[]", "no conversations"),
        ('[{"conversations": []}]', "entry 1 has no list"),
        ('[{"conversations": [{"from": "robot", "value": "x"}]}]', "entry 1 has a turn without"),
        ('[{"conversations": [{"from": "gpt"}]}]', "entry 1 has a turn without"),
    ],
)
def test_bad_data(tmp_path: Path, model: Path, text: str, match: str) -> None:
    (tmp_path / "talks.json").write_text(text)
    with pytest.raises(UsageError, match=match):
        run("belle", tmp_path / "talks.json", "--model", model, "--out", tmp_path / "o.mindrecord")
    assert not list(tmp_path.glob("*o.mindrecord*"))


def test_without_mindspore_or_marks_or_tokenizer(tmp_path: Path, model: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "talks.json").write_text(json.dumps(TALKS))
    words = [tmp_path / "talks.json", "--out", tmp_path / "o.mindrecord"]
    with pytest.raises(UsageError, match=r"--download.*to download"):
        run("belle", *words, "--model", model)
    tiny.write(tmp_path / "llama", "llama")
    with pytest.raises(UsageError, match="--user-token"):
        run("belle", *words, "--model", tmp_path / "llama")
    with pytest.raises(UsageError, match=r"neither tokenizer\.model"):
        run("belle", *words, "--model", tmp_path / "llama", "--user-token", 3, "--assistant-token", 4)
