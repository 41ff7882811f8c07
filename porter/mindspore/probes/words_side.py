"""Runs where MindFormers is: gives the tiny model a tokenizer, and tokens to and from text by the port's own scripts.

A script: `python words_side.py TASK.json`. It trains a tokenizer where the folder has none, and writes the tokens
of each question as run/generate.py asks it; where the task has tokens, it writes their text.
"""

import argparse
import json
import re
import sys
from pathlib import Path

MARK = re.compile(r"<[^<>]+>")
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def sentencepiece_model(folder, task):
    """A model with bytes for what it has not seen, so that no question is too strange."""
    import sentencepiece

    made = 3 + 256 + len(ALPHABET) + 1 + len(task["marks"])  # the marks of every model, bytes, letters, the space
    filling = [f"<token_{number}>" for number in range(task["vocab"] - made)]
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(ALPHABET), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=task["vocab"],
        model_type="char",
        user_defined_symbols=task["marks"] + filling,
        byte_fallback=True,
        hard_vocab_limit=False,
        minloglevel=2,
    )


def tokenizer_json(folder, task):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    words.train_from_iterator(
        task["questions"],
        trainers.BpeTrainer(
            vocab_size=task["vocab"],
            special_tokens=["<pad>", "<s>", "</s>", *task["marks"]],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    words.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(task["folder"])
    sys.path.insert(0, str(Path(task["port"]) / "run"))
    import parts

    if not folder.is_dir():
        folder.mkdir()
        made = {"vocab": task["vocab"], "questions": parts.QUESTIONS, "marks": sorted(set(MARK.findall(parts.PROMPT)))}
        (sentencepiece_model if task["packed"] else tokenizer_json)(folder, made)
    tokens = parts.tokenizer(argparse.Namespace(tokenizer=str(folder)))
    asked = [tokens(parts.PROMPT.format(question=question))["input_ids"] for question in parts.QUESTIONS]
    said = [tokens.decode(ids, skip_special_tokens=True) for ids in task.get("said", ())]
    found = {"questions": parts.QUESTIONS, "asked": asked, "said": said}
    Path(task["out"]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
