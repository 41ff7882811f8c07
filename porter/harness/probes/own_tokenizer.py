"""The repository's own tokenizer, where it reads a SentencePiece model: one is trained on a few lines for it."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .tiny import VOCABULARY
from .tokens import Talking

MODEL = "tokenizer.model"  # as transformers calls it
_AGAIN = 40  # times that the trainer sees each line: it leaves out what is rare
_IDS = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3}  # as in every tiny configuration


def trained(order: dict[str, Any], lines: Sequence[str], folder: Path) -> Any:
    """The tokenizer with a model of its own in the folder; nothing, and the reason in `order`, where it cannot be."""
    if not order.get("own_tokenizer"):
        return None
    try:
        made = _made(order, lines, folder, VOCABULARY)
        beyond = max(made.encode(lines[0])) + 1 - VOCABULARY  # tokens that the class adds, such as [gMASK]
        if beyond > 0:
            made = _made(order, lines, folder, VOCABULARY - beyond)
        for line in lines:
            ids = made.encode(line, add_special_tokens=False)
            if max(made.encode(line)) >= VOCABULARY or made.decode(ids).strip() != line.strip():
                raise ValueError(f"{line!r} comes back as {made.decode(ids)!r}")
    except Exception as error:  # of the repository's code anything may come
        (folder / MODEL).unlink(missing_ok=True)
        why = f"{type(error).__name__}: {str(error)[:120]}"
        order["without"] = f"the repository's own tokenizer does not run here ({why}), so another one was trained"
        return None
    return made


def _made(order: dict[str, Any], lines: Sequence[str], folder: Path, words: int) -> Any:
    (folder / MODEL).write_bytes(_model(lines, words))
    return loaded(order, folder)


def loaded(order: dict[str, Any], folder: Path) -> Any:
    """The side's own class over the model that was trained; nothing where there is none."""
    if not (folder / MODEL).is_file():
        return None
    module, name = order["own_tokenizer"]
    return Talking(getattr(importlib.import_module(module), name)(str(folder / MODEL)))


def _model(lines: Sequence[str], words: int) -> bytes:
    import sentencepiece

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for line in lines for _ in range(_AGAIN)]),
        model_writer=written,
        model_type="bpe",
        vocab_size=words,
        hard_vocab_limit=False,
        character_coverage=1.0,
        byte_fallback=True,
        normalization_rule_name="identity",  # the text has to come back as it was
        minloglevel=2,
        **_IDS,
    )
    return written.getvalue()
