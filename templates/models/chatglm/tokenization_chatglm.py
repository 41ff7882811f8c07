"""The tokenizer of the small ChatGLM2-like model: from tokenizer.json alone, with the prompt of its chat."""

from transformers import PreTrainedTokenizerFast


class ChatGLMTokenizer(PreTrainedTokenizerFast):
    def build_prompt(self, query, history=None):
        rounds = [*(history or []), (query, "")]
        parts = [f"[Round {number}]\n\n问：{asked}\n\n答：{said}" for number, (asked, said) in enumerate(rounds, 1)]
        return "\n\n".join(parts)

    def get_command(self, token):
        return self.convert_tokens_to_ids({"<eos>": "</s>", "<bos>": "<s>", "<pad>": "<pad>"}.get(token, token))

    def _decode(self, token_ids, *given, **named):
        """As the real one: neither the end of a text nor what no token is, such as -100 for a loss, becomes text."""
        ids = [token_ids] if isinstance(token_ids, int) else token_ids
        known = [token for token in ids if token >= 0 and token != self.eos_token_id]
        return super()._decode(known, *given, **named)
