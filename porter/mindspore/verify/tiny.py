"""The tiny model that stands for the real one: the same family and flags, and sizes that a CPU runs in a second."""

from __future__ import annotations

from typing import Any

from porter.mindspore.model_dir import Model, understood

_WIDTH, _LONGEST = 16, 64


def tiny_config(model: Model) -> dict[str, Any]:
    """The configuration of the real model with small sizes: grouped heads stay grouped, odd numbers of heads odd."""
    grouped = model.heads != model.kv_heads
    power = model.heads & (model.heads - 1) == 0
    heads, kv_heads = (4, 2) if grouped else (4, 4) if power else (5, 5)
    config = {key: value for key, value in model.config.items() if key not in ("auto_map", "head_dim")}
    small: dict[str, Any] = {
        "hidden_size": heads * _WIDTH,
        "intermediate_size": 172,
        "num_hidden_layers": min(3, model.layers),
        "num_attention_heads": heads,
        "vocab_size": 320,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "rope_theta": model.theta,
    }
    if "num_key_value_heads" in config or grouped:
        small["num_key_value_heads"] = kv_heads
    for key in ("max_position_embeddings", "model_max_length"):
        if key in config:
            small[key] = _LONGEST
    return config | small


def tiny_model(model: Model) -> Model:
    return understood(tiny_config(model), model.family)


def shape_of(model: Model) -> dict[str, Any]:
    """The sizes as the cells take them."""
    shape: dict[str, Any] = {
        "vocab_size": model.vocab,
        "hidden_size": model.hidden,
        "intermediate_size": model.intermediate,
        "num_layers": model.layers,
        "num_heads": model.heads,
        "n_kv_heads": model.kv_heads,
        "seq_length": model.positions,
        "rms_norm_eps": model.eps,
    }
    return shape | ({"theta": model.theta} if model.family.position == "rope" else {})
