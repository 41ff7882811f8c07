"""The layers of the small ChatGLM2-like model."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def half_rotated(x, position_ids):
    """x: [batch, heads, length, dim]. Pairs of the first half of dim are turned, the second half passes."""
    first, passed = x.chunk(2, dim=-1)
    steps = torch.arange(0, first.shape[-1], 2, device=x.device).float()
    angles = position_ids[:, None, :, None].float() / 10000 ** (steps / first.shape[-1])
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = first[..., 0::2], first[..., 1::2]
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1).flatten(-2)
    return torch.cat((turned, passed), dim=-1)


class RMSNorm(nn.Module):
    def __init__(self, hidden_size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.eps = eps

    def forward(self, hidden_states):
        mean = hidden_states.float().pow(2).mean(-1, keepdim=True)
        return self.weight * (hidden_states * torch.rsqrt(mean + self.eps)).to(self.weight.dtype)


class SelfAttention(nn.Module):
    """A few groups of keys and values serve all heads."""

    def __init__(self, config, index):
        super().__init__()
        self.index = index
        self.heads, self.groups, self.width = (
            config.num_attention_heads,
            config.multi_query_group_num,
            config.kv_channels,
        )
        self.split = [self.heads * self.width, self.groups * self.width, self.groups * self.width]
        self.query_key_value = nn.Linear(config.hidden_size, sum(self.split), bias=config.add_qkv_bias)
        self.dense = nn.Linear(self.heads * self.width, config.hidden_size, bias=False)

    def forward(self, hidden_states, mask, position_ids, past):
        batch, length, _ = hidden_states.shape
        query, key, value = self.query_key_value(hidden_states).split(self.split, dim=-1)
        query = query.view(batch, length, self.heads, self.width).transpose(1, 2)
        key = key.view(batch, length, self.groups, self.width).transpose(1, 2)
        value = value.view(batch, length, self.groups, self.width).transpose(1, 2)
        query, key = half_rotated(query, position_ids), half_rotated(key, position_ids)
        if hasattr(past, "update"):
            key, value = past.update(key, value, self.index)
        elif past is not None:
            key = torch.cat((past[self.index][0], key), dim=2)
            value = torch.cat((past[self.index][1], value), dim=2)
        present = (key, value)
        each = self.heads // self.groups
        key, value = key.repeat_interleave(each, dim=1), value.repeat_interleave(each, dim=1)
        scores = query @ key.transpose(2, 3) / math.sqrt(self.width)
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).float().softmax(-1).to(query.dtype)
        return self.dense((weights @ value).transpose(1, 2).reshape(batch, length, -1)), present


class MLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.dense_h_to_4h = nn.Linear(config.hidden_size, 2 * config.ffn_hidden_size, bias=False)
        self.dense_4h_to_h = nn.Linear(config.ffn_hidden_size, config.hidden_size, bias=False)

    def forward(self, hidden_states):
        gate, up = self.dense_h_to_4h(hidden_states).chunk(2, dim=-1)
        return self.dense_4h_to_h(F.silu(gate) * up)


class GLMBlock(nn.Module):
    def __init__(self, config, index):
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.layernorm_epsilon)
        self.self_attention = SelfAttention(config, index)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.layernorm_epsilon)
        self.mlp = MLP(config)

    def forward(self, hidden_states, mask, position_ids, past):
        attended, present = self.self_attention(self.input_layernorm(hidden_states), mask, position_ids, past)
        hidden_states = hidden_states + attended
        return hidden_states + self.mlp(self.post_attention_layernorm(hidden_states)), present


class PrefixEncoder(nn.Module):
    """P-tuning v2: trained positions in front of every layer's cache."""

    def __init__(self, config):
        super().__init__()
        self.shape = (config.num_layers, 2, config.multi_query_group_num, config.kv_channels)
        self.embedding = nn.Embedding(config.pre_seq_len, math.prod(self.shape))

    def forward(self, batch, dtype):
        rows = self.embedding.weight.to(dtype).view(-1, *self.shape).permute(1, 2, 3, 0, 4)
        rows = rows.unsqueeze(2).expand(-1, -1, batch, -1, -1, -1)
        return tuple((layer[0], layer[1]) for layer in rows)
