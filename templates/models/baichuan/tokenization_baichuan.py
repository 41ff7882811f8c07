"""The tokenizer of the small models: it comes from tokenizer.json alone."""

from transformers import PreTrainedTokenizerFast


class BaichuanTokenizer(PreTrainedTokenizerFast):
    """As it is, under the name that the models have for it."""


class BaiChuanTokenizer(BaichuanTokenizer):
    """The older models spell it so."""
