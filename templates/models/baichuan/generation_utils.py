"""What the chat of the Baichuan2-like model puts in front of it, and how its answer comes back piece by piece."""

from queue import Queue

import torch


class Streamer:
    """Gives the answer so far after each token, from another thread."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.texts = Queue()
        self.tokens = []
        self.prompt = True

    def put(self, value):
        if self.prompt:  # the question comes first
            self.prompt = False
            return
        self.tokens.extend(value.reshape(-1).tolist())
        text = self.tokenizer.decode(self.tokens, skip_special_tokens=True)
        if not text.endswith("�"):  # half of a character
            self.texts.put(text)

    def end(self):
        self.texts.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        text = self.texts.get()
        if text is None:
            raise StopIteration
        return text


def build_chat_input(model, tokenizer, messages, max_new_tokens=0):
    """The conversation between the two reserved tokens that mark who speaks; the newest of it, if it is long."""
    settings = model.generation_config
    # Some versions of transformers keep only the settings that they know.
    user, assistant = getattr(settings, "user_token_id", 195), getattr(settings, "assistant_token_id", 196)
    most = model.config.model_max_length - (max_new_tokens or settings.max_new_tokens or 0)
    tokens = []
    for message in messages:
        if message["role"] == "system":
            tokens += tokenizer.encode(message["content"])
            continue
        tokens += [user if message["role"] == "user" else assistant, *tokenizer.encode(message["content"])]
    tokens.append(assistant)
    return torch.LongTensor([tokens[-max(most, 1) :]]).to(model.device)
