"""A tokenizer that is trained in memory on a few lines: a transformers one where that is installed, else bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .stand_in import Tokenizer
from .tiny import VOCABULARY

_SPECIAL = ("<pad>", "<s>", "</s>")  # 0, 1, 2, as in every tiny configuration


def trained(lines: Sequence[str], folder: Path) -> Any:
    """Trains it, saves it into the folder as a checkpoint has it, and gives it as it is loaded from there."""
    try:
        import tokenizers
        from transformers import PreTrainedTokenizerFast
    except ImportError:
        return Tokenizer()
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(_SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(lines, trainer)
    pad, begin, end = _SPECIAL
    whole = PreTrainedTokenizerFast(tokenizer_object=made, pad_token=pad, bos_token=begin, eos_token=end)
    whole.save_pretrained(str(folder))
    return loaded(folder)


def loaded(folder: Path) -> Any:
    """The tokenizer of a checkpoint folder."""
    if not (folder / "tokenizer.json").is_file():
        return Tokenizer()
    from transformers import AutoTokenizer

    return _Talking(AutoTokenizer.from_pretrained(str(folder), trust_remote_code=True))


class _Talking:
    """With the one method that chat models have in their own tokenizers; all else is the tokenizer's."""

    build_prompt = Tokenizer.build_prompt

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def __call__(self, *given: Any, **options: Any) -> Any:
        batch = self._whole(*given, **options)
        batch.pop("token_type_ids", None)
        return batch
