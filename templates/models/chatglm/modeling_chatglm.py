"""A small decoder with the layout of the ChatGLM2 models: multi-query attention and a chat of its own."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import GenerationMixin, LogitsProcessorList, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_chatglm import ChatGLMConfig
from .layers_chatglm import GLMBlock, PrefixEncoder, RMSNorm


def seen_before(past) -> int:
    """How many positions a cache holds, be it transformers' own class or pairs of tensors by layer."""
    if past is None:
        return 0
    if hasattr(past, "get_seq_length"):
        return int(past.get_seq_length())
    return past[0][0].shape[2]


class ChatGLMPreTrainedModel(PreTrainedModel):
    config_class = ChatGLMConfig
    base_model_prefix = "transformer"
    supports_gradient_checkpointing = True
    _no_split_modules = ["GLMBlock"]

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            module.weight.data.normal_(mean=0.0, std=0.02)
            if getattr(module, "bias", None) is not None:
                module.bias.data.zero_()

    def _set_gradient_checkpointing(self, module=None, value=False, enable=None, gradient_checkpointing_func=None):
        """transformers calls this in two ways, by version."""
        for part in self.modules():
            if isinstance(part, ChatGLMModel):
                part.gradient_checkpointing = value if enable is None else enable


class ChatGLMModel(ChatGLMPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embedding = nn.Embedding(config.padded_vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([GLMBlock(config, index) for index in range(config.num_layers)])
        self.final_layernorm = RMSNorm(config.hidden_size, config.layernorm_epsilon)
        self.output_layer = nn.Linear(config.hidden_size, config.padded_vocab_size, bias=False)
        self.gradient_checkpointing = False
        self.prefix_encoder = None
        if config.pre_seq_len is not None:
            for parameter in self.parameters():
                parameter.requires_grad = False
            self.prefix_encoder = PrefixEncoder(config)
        self.post_init()

    def get_input_embeddings(self):
        return self.embedding

    def set_input_embeddings(self, value):
        self.embedding = value

    def forward(self, input_ids, attention_mask=None, past_key_values=None, inputs_embeds=None):
        hidden_states = self.embedding(input_ids) if inputs_embeds is None else inputs_embeds
        batch, length, _ = hidden_states.shape
        before = seen_before(past_key_values)
        if self.prefix_encoder is not None and before == 0:
            past_key_values, before = self.prefix_encoder(batch, hidden_states.dtype), self.config.pre_seq_len
        if attention_mask is None:
            attention_mask = torch.ones(batch, before + length, dtype=torch.long, device=hidden_states.device)
        elif attention_mask.shape[1] < before + length:  # the prefix is always seen
            prefix = attention_mask.new_ones(batch, before + length - attention_mask.shape[1])
            attention_mask = torch.cat((prefix, attention_mask), dim=1)
        position_ids = (attention_mask.long().cumsum(-1) - 1).clamp(min=0)[:, -length:]
        causal = torch.ones(length, before + length, dtype=torch.bool, device=hidden_states.device).tril(before)
        mask = causal[None, None] & attention_mask[:, None, None, :].bool()
        presents = []
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                hidden_states, present = checkpoint(
                    layer, hidden_states, mask, position_ids, past_key_values, use_reentrant=False
                )
            else:
                hidden_states, present = layer(hidden_states, mask, position_ids, past_key_values)
            presents.append(present)
        cache = past_key_values if hasattr(past_key_values, "update") else tuple(presents)
        return self.final_layernorm(hidden_states), cache


class ChatGLMForConditionalGeneration(ChatGLMPreTrainedModel, GenerationMixin):
    def __init__(self, config, empty_init=True, device=None):
        super().__init__(config)
        self.transformer = ChatGLMModel(config)
        self.post_init()

    def get_input_embeddings(self):
        return self.transformer.embedding

    def set_input_embeddings(self, value):
        self.transformer.embedding = value

    def get_output_embeddings(self):
        return self.transformer.output_layer

    def set_output_embeddings(self, value):
        self.transformer.output_layer = value

    def forward(
        self,
        input_ids=None,
        position_ids=None,
        attention_mask=None,
        past_key_values=None,
        inputs_embeds=None,
        labels=None,
        use_cache=None,
        return_dict=None,
        return_last_logit=False,
        **others,
    ):
        hidden_states, cache = self.transformer(input_ids, attention_mask, past_key_values, inputs_embeds)
        logits = self.transformer.output_layer(hidden_states[:, -1:] if return_last_logit else hidden_states)
        loss = None
        if labels is not None:
            following = labels[..., 1:].reshape(-1).to(logits.device)
            flat = logits[..., :-1, :].reshape(-1, logits.shape[-1]).float()
            loss = F.cross_entropy(flat, following, ignore_index=-100)
        if use_cache is False:
            cache = None
        if return_dict is False:
            return tuple(part for part in (loss, logits, cache) if part is not None)
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=cache)

    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, attention_mask=None, **others):
        before = seen_before(past_key_values)
        if before and self.config.pre_seq_len:
            before -= self.config.pre_seq_len
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

    def process_response(self, response):
        return response.strip().replace("[[训练时间]]", "2023年")

    def build_inputs(self, tokenizer, query, history=None):
        return tokenizer([tokenizer.build_prompt(query, history)], return_tensors="pt").to(self.device)

    def build_stream_inputs(self, tokenizer, query, history=None):
        """Only what is new: the rounds before it are in the cache."""
        new = f"[Round {len(history or []) + 1}]\n\n问：{query}\n\n答："
        if history:
            new = "\n\n" + new
        ids = tokenizer.encode(new, add_special_tokens=not history)
        return {"input_ids": torch.tensor([ids], device=self.device)}

    @torch.inference_mode()
    def chat(
        self,
        tokenizer,
        query,
        history=None,
        max_length=8192,
        num_beams=1,
        do_sample=True,
        top_p=0.8,
        temperature=0.8,
        logits_processor=None,
        **others,
    ):
        history = list(history or [])
        inputs = self.build_inputs(tokenizer, query, history)
        options = {"top_p": top_p, "temperature": temperature} if do_sample else {}
        outputs = self.generate(
            input_ids=inputs["input_ids"],
            max_length=min(max_length, self.config.seq_length),
            num_beams=num_beams,
            do_sample=do_sample,
            logits_processor=logits_processor or LogitsProcessorList(),
            **options,
            **others,
        )
        new = outputs.tolist()[0][len(inputs["input_ids"][0]) :]
        response = self.process_response(tokenizer.decode(new, skip_special_tokens=True))
        return response, [*history, (query, response)]

    @torch.inference_mode()
    def stream_chat(
        self,
        tokenizer,
        query,
        history=None,
        past_key_values=None,
        max_length=8192,
        do_sample=True,
        top_p=0.8,
        temperature=0.8,
        logits_processor=None,
        return_past_key_values=False,
        **others,
    ):
        """Yields the answer so far after every token; the caller may be a web server's worker thread."""
        history = list(history or [])
        if past_key_values is None:
            input_ids = self.build_inputs(tokenizer, query, history)["input_ids"]
        else:
            input_ids = self.build_stream_inputs(tokenizer, query, history)["input_ids"]
        start = input_ids.shape[1]
        options = {"do_sample": do_sample, "top_p": top_p, "temperature": temperature, **others}
        for tokens, past in self.stream_generate(
            input_ids,
            past_key_values=past_key_values,
            max_length=max_length,
            logits_processor=logits_processor,
            return_past_key_values=True,
            **options,
        ):
            response = tokenizer.decode(tokens[0, start:].tolist(), skip_special_tokens=True)
            if response.endswith("�"):  # half of a character
                continue
            response = self.process_response(response)
            said = (response, [*history, (query, response)])
            yield (*said, past) if return_past_key_values else said

    @torch.inference_mode()
    def stream_generate(
        self,
        input_ids,
        past_key_values=None,
        max_length=8192,
        max_new_tokens=None,
        do_sample=True,
        top_p=1.0,
        temperature=1.0,
        logits_processor=None,
        return_past_key_values=False,
        **others,
    ):
        """Token by token: all tokens so far, and the cache where it is wanted."""
        before = seen_before(past_key_values)
        most = before + input_ids.shape[1] + max_new_tokens if max_new_tokens else max_length
        step, past = input_ids, past_key_values
        while before + input_ids.shape[1] < min(most, self.config.seq_length):
            output = self(step, past_key_values=past)
            past, scores = output.past_key_values, output.logits[:, -1].float()
            for processor in logits_processor or ():
                scores = processor(input_ids, scores)
            step = chosen(scores, do_sample, top_p, temperature)
            input_ids = torch.cat((input_ids, step), dim=1)
            yield (input_ids, past) if return_past_key_values else input_ids
            if bool((step == self.config.eos_token_id).all()):
                return


def chosen(scores, do_sample, top_p, temperature):
    """The likeliest token, or one by chance among those that make up `top_p` of it."""
    if not do_sample:
        return scores.argmax(dim=-1, keepdim=True)
    ordered, ids = (scores / max(temperature, 1e-5)).softmax(dim=-1).sort(dim=-1, descending=True)
    ordered = ordered.masked_fill(ordered.cumsum(-1) - ordered > top_p, 0.0)
    return ids.gather(-1, torch.multinomial(ordered, num_samples=1))
