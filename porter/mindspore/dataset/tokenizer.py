"""The tokenizer of a model's folder, without running the code that lies there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.mindspore.dataset.belle import Encode

_NEEDS = "Tokenizing needs {}: pip install 'porter[mindspore]'."


def encoder(folder: Path) -> Encode:
    """Text to numbers, without marks at its ends."""
    if (folder / "tokenizer.model").is_file():
        return _sentencepiece(folder / "tokenizer.model")
    if (folder / "tokenizer.json").is_file():
        return _tokenizers(folder / "tokenizer.json")
    raise UsageError(f"{folder} has neither tokenizer.model nor tokenizer.json; name the folder of the model.")


def _sentencepiece(file: Path) -> Encode:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise UsageError(_NEEDS.format("sentencepiece")) from error
    try:
        model: Any = SentencePieceProcessor(model_file=str(file))
    except (RuntimeError, OSError) as error:
        raise UsageError(f"{file} is no sentencepiece model; get the file again.") from error
    return lambda text: list(model.encode(text))


def _tokenizers(file: Path) -> Encode:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UsageError(_NEEDS.format("tokenizers")) from error
    try:
        model: Any = Tokenizer.from_file(str(file))
    except Exception as error:  # that library raises Exception itself
        raise UsageError(f"{file} is no tokenizer; get the file again.") from error
    return lambda text: list(model.encode(text, add_special_tokens=False).ids)
