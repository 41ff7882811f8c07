"""How much memory the model in the port's folder needs, by the sizes in its config.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom

_CARD = 64  # GB, as the larger cards of these years have
_TRAINED = 16  # bytes for a parameter: itself, its gradient and Adam's two numbers, in single precision
_ROOM = 1.25  # for activations, with checkpointing and short texts


def examine(patient: Patient) -> Iterator[Symptom]:
    config = _config(patient.port / "config.json") if patient.port is not None else {}
    count = parameters(config)
    if not count:
        return
    trained = count * _TRAINED / 1e9
    cards = math.ceil(trained * _ROOM / _CARD)
    shared = f"{cards} card{'s' * (cards > 1)} of {_CARD} GB"
    run = f"{count / 1e9:.1f} billion parameters: about {count * 2 / 1e9:.0f} GB to run in half precision"
    tune = f"{trained:.0f} GB and activations to fine-tune whole with Adam, such as sharded over {shared}"
    yield Symptom("memory", State.NOTE, f"{run}, and {tune}")


def parameters(config: dict[str, Any]) -> int:
    """The parameters of a decoder, from its sizes; 0 where these are not told."""

    def first(*names: str) -> int:
        return next((config[name] for name in names if isinstance(config.get(name), int) and config[name] > 0), 0)

    width, layers = first("hidden_size", "n_embd", "d_model"), first("num_hidden_layers", "num_layers", "n_layer")
    vocabulary, heads = first("vocab_size", "padded_vocab_size"), first("num_attention_heads", "n_head")
    if not (width and layers and vocabulary and heads):
        return 0
    groups = first("num_key_value_heads", "multi_query_group_num") or heads
    gated = first("intermediate_size", "ffn_hidden_size")
    attention = 2 * width * width + 2 * width * width * groups // heads
    forward = 3 * width * gated if gated else 8 * width * width
    tables = vocabulary * width * (1 if config.get("tie_word_embeddings") else 2)
    return tables + layers * (attention + forward)


def _config(path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return whole if isinstance(whole, dict) else {}
