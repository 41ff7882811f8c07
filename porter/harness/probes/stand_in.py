"""A tokenizer for models whose own needs a file that is not there: bytes, with the manners of a transformers one."""

from __future__ import annotations

from typing import Any

import torch

_FIRST = 3  # 0, 1 and 2 are padding, beginning and end


class Batch(dict[str, Any]):
    """Tensors by name, also as attributes, that move together."""

    def to(self, where: Any) -> Batch:
        return Batch({name: value.to(where) for name, value in self.items()})

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Tokenizer:
    """Byte b has the id b + 3."""

    pad_token_id, bos_token_id, eos_token_id = 0, 1, 2
    eos_token, pad_token, bos_token = "</s>", "<pad>", "<s>"
    vocab_size = 256 + _FIRST

    def encode(self, text: str, add_special_tokens: bool = True, **_: Any) -> list[int]:
        ids = [byte + _FIRST for byte in text.encode("utf-8")]
        return [self.bos_token_id, *ids] if add_special_tokens else ids

    def decode(self, ids: Any, **_: Any) -> str:
        flat = torch.as_tensor(ids).flatten().tolist()
        return bytes(i - _FIRST for i in flat if _FIRST <= i < 256 + _FIRST).decode("utf-8", "replace")

    def batch_decode(self, rows: Any, **_: Any) -> list[str]:
        return [self.decode(row) for row in rows]

    def build_prompt(self, query: str, history: Any = None) -> str:
        return "".join(f"{asked}\n{said}\n" for asked, said in history or []) + query

    def __call__(self, text: Any, **_: Any) -> Batch:
        rows = [self.encode(line) for line in ([text] if isinstance(text, str) else text)]
        longest = max(map(len, rows))
        ids = [[self.pad_token_id] * (longest - len(row)) + row for row in rows]
        mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
        return Batch(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask))
