"""Tiny models of every family in folders as Hugging Face has them, written by torch and safetensors themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from porter.mindspore.family import families
from porter.mindspore.model_dir import Model, understood
from porter.mindspore.weights.mapping import expected

FAMILIES = sorted(families())

# What tells the Baichuans apart in their own code; llama and qwen2 have none.
CODE = {
    "baichuan2-7b": "class RotaryEmbedding: ...\nclass NormHead: ...\n",
    "baichuan2-13b": "def _gen_alibi_mask(): ...\nclass NormHead: ...\n",
    "baichuan-7b": "class RotaryEmbedding: ...\n",
}


def config(family: str, **changed: Any) -> dict[str, Any]:
    heads, kv, hidden = (5, 5, 80) if family == "baichuan2-13b" else (4, 4, 64)
    kv = 2 if family in ("llama", "qwen2") else kv
    base: dict[str, Any] = {
        "model_type": families()[family].model_types[0],
        "architectures": ["TinyForCausalLM"],
        "vocab_size": 320,
        "hidden_size": hidden,
        "intermediate_size": 172,
        "num_hidden_layers": 3,
        "num_attention_heads": heads,
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }
    base |= {"num_key_value_heads": kv} if family in ("llama", "qwen2") else {}
    base |= {"model_max_length": 64} if family == "baichuan2-13b" else {"max_position_embeddings": 64}
    return base | changed


def model(family: str, **changed: Any) -> Model:
    return understood(config(family, **changed), families()[family])


def tensors(of: Model, dtype: torch.dtype = torch.float32) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {row.huggingface: torch.randn(row.shape, generator=generator).to(dtype) for row in expected(of)}


def write(
    folder: Path,
    family: str,
    dtype: torch.dtype = torch.bfloat16,
    shards: int = 1,
    form: str = "safetensors",
    **changed: Any,
) -> dict[str, torch.Tensor]:
    """A model's folder; gives its tensors."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config(family, **changed)), encoding="utf-8")
    if family in CODE:
        (folder / "modeling_baichuan.py").write_text(CODE[family], encoding="utf-8")
    made = tensors(model(family, **changed), dtype)
    names = list(made)
    stem, suffix = ("model", "safetensors") if form == "safetensors" else ("pytorch_model", "bin")
    index = {}
    for shard in range(shards):
        file = f"{stem}.{suffix}" if shards == 1 else f"{stem}-{shard + 1:05}-of-{shards:05}.{suffix}"
        part = {name: made[name] for name in names[shard::shards]}
        index |= dict.fromkeys(part, file)
        if form == "safetensors":
            save_file(part, folder / file, metadata={"format": "pt"})
        else:
            torch.save(part, folder / file)
    if shards > 1:
        (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps({"weight_map": index}), encoding="utf-8")
    return made
