"""A tokenizer that is trained in memory on a few lines: a transformers one where that is installed, else bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .stand_in import Tokenizer
from .tiny import VOCABULARY

_SPECIAL = ("<pad>", "<s>", "</s>")  # 0, 1, 2, as in every tiny configuration


def trained(lines: Sequence[str], folder: Path, told: Mapping[str, Any]) -> Any:
    """Trains it, saves it into the folder as a checkpoint has it, and gives it as it is loaded from there.

    `told` may have more `special` tokens (from 3 on), those that `begin` every text, the size of the `vocabulary`.
    """
    try:
        import tokenizers
    except ImportError:
        return Tokenizer()
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=told.get("vocabulary", VOCABULARY),
        special_tokens=[*_SPECIAL, *told.get("special", ())],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    made.train_from_iterator(lines, trainer)
    rest = range(made.get_vocab_size(), told.get("vocabulary", 0))  # scripts compare its length with the model's
    made.add_special_tokens([f"<rest_{number}>" for number in rest])
    begin = told.get("begin", ())
    if begin:
        made.post_processor = tokenizers.processors.TemplateProcessing(
            single=[*begin, "$A"],
            pair=[*begin, "$A", "$B"],
            special_tokens=[(token, made.token_to_id(token)) for token in begin],
        )
    _written(folder, json.loads(made.to_str()), told)
    return loaded(folder)


def _written(folder: Path, tokenizer: dict[str, Any], told: Mapping[str, Any]) -> None:
    """The files, as every version of transformers reads them: its own save writes what older ones do not know."""
    merges = tokenizer["model"]["merges"]
    tokenizer["model"]["merges"] = [pair if isinstance(pair, str) else " ".join(pair) for pair in merges]
    pad, begin, end = _SPECIAL
    own = told.get("class", "")
    settings = {
        "tokenizer_class": own.rpartition(".")[2] or "PreTrainedTokenizerFast",
        **({"auto_map": {"AutoTokenizer": [own, own]}} if own else {}),
        "bos_token": begin,
        "eos_token": end,
        "pad_token": pad,
        "unk_token": pad,  # bytes have no unknown; scripts for training pad with this one
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **({"model_max_length": told["length"]} if "length" in told else {}),
        **({"chat_template": told["chat_template"]} if told.get("chat_template") else {}),
    }
    for name, content in (("tokenizer.json", tokenizer), ("tokenizer_config.json", settings)):
        (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def loaded(folder: Path) -> Any:
    """The tokenizer of a checkpoint folder."""
    if not (folder / "tokenizer.json").is_file():
        return Tokenizer()
    try:
        from transformers import AutoTokenizer
    except ImportError:
        return Tokenizer()
    return Talking(AutoTokenizer.from_pretrained(str(folder), trust_remote_code=True))


class Talking:
    """With the one method that chat models have in their own tokenizers; all else is the tokenizer's."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def build_prompt(self, query: str, history: Any = None) -> str:
        """Its own where it has one."""
        build = getattr(self._whole, "build_prompt", None) or Tokenizer().build_prompt
        return str(build(query, history))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def __call__(self, *given: Any, **options: Any) -> Any:
        batch = self._whole(*given, **options)
        batch.pop("token_type_ids", None)
        return batch
