"""Baichuan in plain torch, with the layout of its checkpoints: what the cells are compared with.

The model's own code is for a transformers of 2023 and does not run with those of today, so this is written anew:
packed query, key and value, rotary positions or ALiBi, and a head that is plain or normalised.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


def slopes(heads):
    """The recipe of the ALiBi paper, for any number of heads."""

    def of_power(count):
        start = 2 ** (-(2 ** -(math.log2(count) - 3)))
        return [start * start**at for at in range(count)]

    if math.log2(heads).is_integer():
        return of_power(heads)
    below = 2 ** math.floor(math.log2(heads))
    return of_power(below) + slopes(2 * below)[0::2][: heads - below]


class Attention(nn.Module):
    def __init__(self, config, rope):
        super().__init__()
        hidden = config["hidden_size"]
        self.heads, self.rope, self.base = config["num_attention_heads"], rope, config["rope_theta"]
        self.W_pack = nn.Linear(hidden, 3 * hidden, bias=False)
        self.o_proj = nn.Linear(hidden, hidden, bias=False)

    def forward(self, x):
        batch, length, hidden = x.shape
        width = hidden // self.heads
        packed = self.W_pack(x).unflatten(-1, (3, hidden)).unbind(-2)
        query, key, value = (part.view(batch, length, self.heads, width).transpose(1, 2) for part in packed)
        at = torch.arange(length)
        bias = torch.where(at[None] > at[:, None], torch.finfo(torch.float32).min, 0.0)
        if self.rope:
            inverse = 1.0 / (self.base ** (torch.arange(0, width, 2).float() / width))
            angles = torch.outer(at.float(), inverse)
            angles = torch.cat((angles, angles), -1)
            query, key = (self.turned(part, angles) for part in (query, key))
        else:
            away = (at[None] - at[:, None]).clamp(max=0)
            bias = bias + torch.tensor(slopes(self.heads))[:, None, None] * away
        scores = query @ key.transpose(-1, -2) / math.sqrt(width) + bias
        mixed = torch.softmax(scores, -1) @ value
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, hidden))

    @staticmethod
    def turned(x, angles):
        first, second = x.chunk(2, -1)
        return x * angles.cos() + torch.cat((-second, first), -1) * angles.sin()


class MLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config, rope):
        super().__init__()
        self.self_attn, self.mlp = Attention(config, rope), MLP(config)
        self.input_layernorm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])
        self.post_attention_layernorm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    def __init__(self, config, rope):
        super().__init__()
        self.embed_tokens = nn.Embedding(config["vocab_size"], config["hidden_size"])
        self.layers = nn.ModuleList(Layer(config, rope) for _ in range(config["num_hidden_layers"]))
        self.norm = RMSNorm(config["hidden_size"], config["rms_norm_eps"])


class NormHead(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(config["vocab_size"], config["hidden_size"]))

    def forward(self, x):
        return F.linear(x, F.normalize(self.weight))


class Baichuan(nn.Module):
    """The whole model; `forward` gives the logits."""

    def __init__(self, config, rope, normalised):
        super().__init__()
        config = {"rms_norm_eps": 1e-6, **config}
        self.model = Body(config, rope)
        plain = nn.Linear(config["hidden_size"], config["vocab_size"], bias=False)
        self.lm_head = NormHead(config) if normalised else plain

    def forward(self, ids):
        x = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            x = layer(x)
        return self.lm_head(self.model.norm(x))
