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
        """Without the end of the text, as a tokenizer of sentencepiece decodes it."""
        ids = [token_ids] if isinstance(token_ids, int) else token_ids
        return super()._decode([token for token in ids if token != self.eos_token_id], *given, **named)
