"""Cuts a configuration down: the numbers that make a model large become small, the others stay as they are."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from .faults import NotRunnable

VOCABULARY, LENGTH, WIDTH = 320, 64, 32
DEVICE = "device"  # the argument for which the probe's own device is the value

# Names of sizes, and what they become. At least three layers: what breaks between layers shows in the second and third.
_SIZES: tuple[tuple[str, int], ...] = (
    (r"(padded_)?vocab(ulary)?_?size|n_?vocab|num_embeddings|num_tokens", VOCABULARY),
    (r"(n_?|num_)?(hidden_|enc(oder)?_|dec(oder)?_|text_|audio_)?(layers?|blocks?)|depth|n_(audio_|text_)?layer", 3),
    (r"(vision|transformer)_layers", 3),
    (r"num_key_value_heads|n_?kv_?heads?|multi_query_group_num|num_kv_heads", 2),
    (r"(n_?|num_)?(attention_|encoder_attention_|decoder_attention_)?heads?|n_(audio|text)_head|nhead", 4),
    (r"(vision|transformer)_heads", 4),
    (r"kv_channels|head_dim|attention_head_size", 8),
    (r"intermediate_size|ffn_hidden_size|n_inner|d_ff|dim_feedforward|ffn_dim|mlp_dim|inner_dim", 2 * WIDTH),
    (r"hidden_size|n_?embd|d_model|dim|hidden_dim|embed_dim|model_dim|n_(audio_|text_)?state|embedding_size", WIDTH),
    (r"max_(position_embeddings|seq_?len(gth)?|sequence_length|length)|seq_?len(gth)?", LENGTH),
    (r"block_size|n_positions|n_(text_|audio_)?ctx|context_length|model_max_length", LENGTH),
    (r"n_mels|num_mel_bins", 80),
    (r"num_queries", 4),
    (r"(num_|n_)?(classes|labels)", 5),
    (r"in_channels|in_chans|num_channels", 3),
    (r"(image|img|input)_(size|resolution)", 32),
    (r"(vision_)?patch_size", 4),
    (r"(vision_|transformer_)?width", 2 * WIDTH),
)
# Families of names, below those: an argument that must be given takes them, a default only where it is larger.
_FAMILIES: tuple[tuple[str, int], ...] = (
    (r"(num_|n_)?res_?(net_)?blocks", 1),
    (r"(model|base|hidden|mid|inner|latent|feat(ure)?|embed(ding)?|emb|stem|conv|init)_(channels|chans)", WIDTH),
    (r"(\w+_)?(channels|chans|nc)", 3),
    (
        r"(\w+_)?(dim|planes|features|feats|filters|width|hidden|embd?|units)|(dim|d)_\w+|(num_|n_)?feat(ure)?s?|n[gd]f",
        WIDTH,
    ),
    (r"(\w+_)?(depth|layers)", 3),
    (r"(\w+_)?heads", 4),
    (r"(\w+_)?(mult|multiplier|factor|ratio|expansion|stride|tubelet_size)|(frame|temporal)_patch_size", 2),
    (r"(\w+_)?patch_(size|height|width)|(num_|n_|max_)?frames|(\w+_)?window_size|(num_|n_)\w+", 4),
    (r"(\w+_)?kernel(_size)?", 3),
    (r"(image|img)_(height|width|h|w)|resolution", 32),
    (r"max_\w*(len(gth)?|positions|tokens)|(\w+_)?seq(uence)?_?len(gth)?", LENGTH),
)
_ROWS: dict[str, tuple[int, ...]] = {"attention_resolutions": (2,), "dim_mults": (1, 2), "channel_mult": (1, 2)}
_BY_TYPE: dict[str, Any] = {"int": 4, "float": 0.5, "bool": False}  # for a name that says nothing
_DESCRIBES = r"^_|^(architectures|auto_map|model_type|(torch_)?dtype|tokenizer_class)$|version|quanti[sz]ation"
_LIBRARIES = ("builtins", "torch", "transformers", "typing")
_SPECIAL_TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def size(name: str) -> int | None:
    """The tiny value of a size, or nothing where the name is not known to be one."""
    return _in(_SIZES, name)


def _in(sizes: tuple[tuple[str, int], ...], name: str) -> int | None:
    return next((value for pattern, value in sizes if re.fullmatch(pattern, name.lower())), None)


def value(name: str, annotation: str) -> Any:
    """The tiny value of an argument that must be given, by its name or else by its type."""
    if name == DEVICE or "drop" in name:
        return DEVICE if name == DEVICE else 0.0
    for known in (_ROWS.get(name), size(name), _in(_FAMILIES, name), _BY_TYPE.get(annotation)):
        if known is not None:
            return known
    return None


def settings(names: list[str]) -> dict[str, Any]:
    """A configuration that is no class: sizes by name, dropout off, small numbers small, all else None."""
    small = {name: 0.0 if "drop" in name else 1e-5 for name in names if re.search(r"drop|eps(ilon)?$", name)}
    return {name: small.get(name, size(name)) for name in names}


def saved(config: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint's config.json cut down: its own values, but for sizes and for what only describes the file."""
    chosen = {name: value for name, value in config.items() if not re.search(_DESCRIBES, name)}
    for name, default in chosen.items():
        cut = _cut(name, default)
        chosen[name] = default if cut is None else cut
    return chosen


def arguments(made: Callable[..., Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments for a constructor: what a person told, sizes cut down, dropout off, all else at its default."""
    chosen: dict[str, Any] = dict(told)
    for name, parameter in _parameters(made).items():
        if name in told:
            continue
        if parameter.default is parameter.empty:
            chosen[name] = _needed(name, parameter)
        elif (cut := _cut(name, parameter.default)) is not None:
            chosen[name] = cut
    return chosen


def _parameters(made: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """What can be given by name; of a class that hands on what it does not know (`**kwargs`), its parents' as well."""
    found: dict[str, inspect.Parameter] = {}
    for start in _starts(made):
        own = inspect.signature(start).parameters.values()
        for parameter in own:
            if parameter.name != "self" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in own):
            break
    return found


def _starts(made: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The constructors of a class and of the parents that are no library's, in the order in which they are called."""
    if not isinstance(made, type):
        return [made]
    own = [kind for kind in made.__mro__ if kind.__module__.partition(".")[0] not in _LIBRARIES]
    return [vars(kind)["__init__"] for kind in own if "__init__" in vars(kind)] or [made]


def _needed(name: str, parameter: inspect.Parameter) -> Any:
    kind = parameter.annotation
    found = _cut(name, parameter.default)
    if found is None:
        found = value(name, kind if isinstance(kind, str) else getattr(kind, "__name__", ""))
    if found is None:
        raise NotRunnable(f"its constructor needs {name!r}, for which there is no tiny value")
    return found


def _cut(name: str, default: Any) -> Any:
    if name in _SPECIAL_TOKENS and not (isinstance(default, int) and default < VOCABULARY):
        return _SPECIAL_TOKENS[name] if default is not None else None
    if re.search("drop", name) and isinstance(default, float):
        return 0.0
    if default is inspect.Parameter.empty:
        return size(name)
    if not isinstance(default, int) or isinstance(default, bool):
        return None
    known = size(name)
    guess = _in(_FAMILIES, name) if known is None else None
    return guess if guess is not None and guess < default else known
