"""A small decoder with the layout of the Baichuan models: W_pack, rotary positions, NormHead and a chat of its own."""

import math
from threading import Thread

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_baichuan import BaiChuanConfig, BaichuanConfig
from .generation_utils import Streamer, build_chat_input


def seen_before(past) -> int:
    """How many positions a cache holds, be it transformers' own class or pairs of tensors by layer."""
    if past is None:
        return 0
    if hasattr(past, "get_seq_length"):
        return int(past.get_seq_length())
    return past[0][0].shape[2]


def rotary(position_ids, dim, dtype):
    """Made anew each time: a table kept as a buffer is lost where models are built without memory."""
    steps = torch.arange(0, dim, 2, device=position_ids.device).float()
    angles = position_ids[:, None, :, None].float() / 10000 ** (steps / dim)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def turned(x, cos, sin):
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class RMSNorm(nn.Module):
    def __init__(self, hidden_size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden_size))
        self.epsilon = eps

    def forward(self, hidden_states):
        mean = hidden_states.float().pow(2).mean(-1, keepdim=True)
        return self.weight * (hidden_states * torch.rsqrt(mean + self.epsilon)).to(self.weight.dtype)


class MLP(nn.Module):
    def __init__(self, hidden_size, intermediate_size):
        super().__init__()
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Attention(nn.Module):
    """Query, key and value come from one matrix, one below the other."""

    def __init__(self, config, index):
        super().__init__()
        self.index = index
        self.heads = config.num_attention_heads
        self.width = config.hidden_size // self.heads
        self.W_pack = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=False)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(self, hidden_states, mask, position_ids, past):
        batch, length, whole = hidden_states.shape
        packed = self.W_pack(hidden_states).view(batch, length, 3, self.heads, self.width)
        query, key, value = (part.transpose(1, 2) for part in packed.unbind(2))
        cos, sin = rotary(position_ids, self.width, query.dtype)
        query, key = turned(query, cos, sin), turned(key, cos, sin)
        if hasattr(past, "update"):
            key, value = past.update(key, value, self.index)
        elif past is not None:
            key = torch.cat((past[self.index][0], key), dim=2)
            value = torch.cat((past[self.index][1], value), dim=2)
        scores = query @ key.transpose(2, 3) / math.sqrt(self.width)
        weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).float().softmax(-1).to(query.dtype)
        mixed = (weights @ value).transpose(1, 2).reshape(batch, length, whole)
        return self.o_proj(mixed), (key, value)


class DecoderLayer(nn.Module):
    def __init__(self, config, index):
        super().__init__()
        self.self_attn = Attention(config, index)
        self.mlp = MLP(config.hidden_size, config.intermediate_size)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, hidden_states, mask, position_ids, past):
        attended, present = self.self_attn(self.input_layernorm(hidden_states), mask, position_ids, past)
        hidden_states = hidden_states + attended
        return hidden_states + self.mlp(self.post_attention_layernorm(hidden_states)), present


class BaichuanPreTrainedModel(PreTrainedModel):
    config_class = BaichuanConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ["DecoderLayer"]

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            module.weight.data.normal_(mean=0.0, std=self.config.initializer_range)

    def _set_gradient_checkpointing(self, module=None, value=False, enable=None, gradient_checkpointing_func=None):
        """transformers calls this in two ways, by version."""
        for part in self.modules():
            if isinstance(part, BaichuanModel):
                part.gradient_checkpointing = value if enable is None else enable


class BaichuanModel(BaichuanPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size, config.pad_token_id)
        self.layers = nn.ModuleList([DecoderLayer(config, index) for index in range(config.num_hidden_layers)])
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.gradient_checkpointing = False
        self.post_init()

    def get_input_embeddings(self):
        return self.embed_tokens

    def set_input_embeddings(self, value):
        self.embed_tokens = value

    def forward(self, input_ids, attention_mask=None, past_key_values=None, inputs_embeds=None):
        hidden_states = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        batch, length, _ = hidden_states.shape
        before = seen_before(past_key_values)
        if attention_mask is None:
            attention_mask = torch.ones(batch, before + length, dtype=torch.long, device=hidden_states.device)
        position_ids = (attention_mask.long().cumsum(-1) - 1).clamp(min=0)[:, -length:]
        causal = torch.ones(length, before + length, dtype=torch.bool, device=hidden_states.device).tril(before)
        mask = causal[None, None] & attention_mask[:, None, None, :].bool()
        presents = []
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                hidden_states, present = checkpoint(layer, hidden_states, mask, position_ids, None, use_reentrant=False)
            else:
                hidden_states, present = layer(hidden_states, mask, position_ids, past_key_values)
            presents.append(present)
        cache = past_key_values if hasattr(past_key_values, "update") else tuple(presents)
        return self.norm(hidden_states), cache


class NormHead(nn.Module):
    """Scores by direction alone. The first inference leaves the normalised weight in place."""

    def __init__(self, hidden_size, vocab_size):
        super().__init__()
        self.weight = nn.Parameter(torch.empty((vocab_size, hidden_size)))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.first = True

    def forward(self, hidden_states):
        if self.training or torch.is_grad_enabled():
            self.first = True
            return F.linear(hidden_states, F.normalize(self.weight))
        if self.first:
            self.first = False
            self.weight.data = F.normalize(self.weight)
        return F.linear(hidden_states, self.weight)


class BaiChuanForCausalLM(BaichuanPreTrainedModel, GenerationMixin):
    """As Baichuan-7B: a plain head, and no chat."""

    config_class = BaiChuanConfig

    def __init__(self, config, *given, **named):
        super().__init__(config, *given, **named)
        self.model = BaichuanModel(config)
        self.lm_head = self.head(config)
        self.post_init()

    def head(self, config):
        return nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def set_input_embeddings(self, value):
        self.model.embed_tokens = value

    def get_output_embeddings(self):
        return self.lm_head

    def set_output_embeddings(self, value):
        self.lm_head = value

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        past_key_values=None,
        inputs_embeds=None,
        labels=None,
        use_cache=None,
        return_dict=None,
        **others,
    ):
        hidden_states, cache = self.model(input_ids, attention_mask, past_key_values, inputs_embeds)
        logits = self.lm_head(hidden_states)
        loss = None
        if labels is not None:
            following = labels[..., 1:].reshape(-1).to(logits.device)
            loss = F.cross_entropy(logits[..., :-1, :].reshape(-1, self.config.vocab_size).float(), following)
        if use_cache is False:
            cache = None
        if return_dict is False:
            return tuple(part for part in (loss, logits, cache) if part is not None)
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=cache)

    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, attention_mask=None, **others):
        before = seen_before(past_key_values)
        return {
            "input_ids": input_ids[:, before:],
            "past_key_values": past_key_values,
            "attention_mask": attention_mask,
            "use_cache": others.get("use_cache", True),
        }

    @staticmethod
    def _reorder_cache(past_key_values, beam_idx):
        if hasattr(past_key_values, "reorder_cache"):
            past_key_values.reorder_cache(beam_idx)
            return past_key_values
        return tuple(
            tuple(part.index_select(0, beam_idx.to(part.device)) for part in layer) for layer in past_key_values
        )


class BaichuanForCausalLM(BaiChuanForCausalLM):
    """As Baichuan2: the head normalises, and the model chats."""

    config_class = BaichuanConfig

    def head(self, config):
        return NormHead(config.hidden_size, config.vocab_size)

    def chat(self, tokenizer, messages, stream=False, generation_config=None):
        settings = generation_config or self.generation_config
        input_ids = build_chat_input(self, tokenizer, messages, settings.max_new_tokens)
        if stream:
            streamer = Streamer(tokenizer)
            options = {"inputs": input_ids, "streamer": streamer, "generation_config": settings}
            Thread(target=self.generate, kwargs=options).start()
            return streamer
        outputs = self.generate(input_ids, generation_config=settings)
        return tokenizer.decode(outputs[0][len(input_ids[0]) :], skip_special_tokens=True)
