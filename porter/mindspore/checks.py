"""Says what is wrong with a configuration of MindFormers before a cluster does, hours later and less clearly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.mindspore.hardware import hardware, renamed
from porter.mindspore.model_dir import Model


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing about a configuration. An error stops the run or spoils it, a warning costs time or memory."""

    error: bool
    text: str


def check(config: Any, model: Model, ranks: int | None = None, data_width: int | None = None) -> list[Complaint]:
    """All that is wrong with a configuration. `ranks` are the cards that it will run on, `data_width` the columns of
    the MindRecord."""
    if not isinstance(config, dict) or not isinstance(config.get("model"), dict):
        return [Complaint(True, "this is no configuration of MindFormers: it has no section `model`.")]
    net = config["model"].get("model_config") or {}
    found = [Complaint(True, text) for text in _sizes(net, model)]
    found += [Complaint(True, text) for text in _parallel(config, net, model, ranks)]
    found += [Complaint(True, text) for text in _hardware(config, net, model)]
    found += [Complaint(True, text) for text in _old_names(config)]
    if data_width is not None and data_width != net.get("seq_length", 0) + 1:
        text = f"the data has {data_width} columns, and seq_length {net.get('seq_length')} needs one more than itself."
        found.append(Complaint(True, text))
    return found + [Complaint(False, text) for text in _slow(config, net, model)]


def _sizes(net: dict[str, Any], model: Model) -> Iterator[str]:
    wanted = {
        "hidden_size": model.hidden,
        "num_layers": model.layers,
        "num_heads": model.heads,
        "vocab_size": model.vocab,
        "intermediate_size": model.intermediate,
    }
    for key, value in wanted.items():
        if key in net and net[key] != value:
            yield f"model_config.{key} is {net[key]}, the model has {value}."
    kv_heads = net.get("n_kv_heads") or net.get("num_heads")
    if kv_heads is not None and kv_heads != model.kv_heads:
        yield f"model_config.n_kv_heads is {kv_heads}, the model has {model.kv_heads}."
    if (net.get("seq_length") or 0) > model.positions:
        yield f"seq_length {net['seq_length']} is beyond the {model.positions} positions of the model."


def _parallel(config: dict[str, Any], net: dict[str, Any], model: Model, ranks: int | None) -> Iterator[str]:
    strategy = config.get("parallel_config") or {}
    names = ("data_parallel", "model_parallel", "pipeline_stage", "micro_batch_num")
    values = [strategy.get(name, 1) for name in names]
    wrong = [name for name, value in zip(names, values, strict=True) if type(value) is not int or value < 1]
    if wrong:
        yield f"parallel_config.{wrong[0]} must be a whole number above 0."
        return
    dp, mp, pp, micro = values
    if config.get("use_parallel") and ranks is not None and dp * mp * pp != ranks:
        product = f"{dp} x {mp} x {pp} = {dp * mp * pp}"
        yield f"data_parallel x model_parallel x pipeline_stage is {product}, and there are {ranks} cards."
    for what, count in (
        ("heads", model.heads),
        ("key and value heads", model.kv_heads),
        ("rows of the feed-forward network", model.intermediate),
    ):
        if count % mp:
            yield f"model_parallel {mp} does not divide the {count} {what}."
    if model.layers % pp and not net.get("offset"):
        yield f"pipeline_stage {pp} does not divide the {model.layers} layers; give each stage its own with `offset`."
    if micro < pp:
        yield f"micro_batch_num {micro} is below pipeline_stage {pp}: some stages would never have work."
    if not config.get("use_parallel") and dp * mp * pp > 1:
        yield f"parallel_config asks for {dp * mp * pp} cards, and use_parallel is False."


def _hardware(config: dict[str, Any], net: dict[str, Any], model: Model) -> Iterator[str]:
    """Memory tells the kind of node: no configuration names it."""
    memory = str((config.get("context") or {}).get("max_device_memory", "")).upper()
    largest = max(kind.memory_gb for kind in hardware().values())
    amount = memory.removesuffix("GB")
    if memory and not (memory.endswith("GB") and amount.isdigit() and 0 < int(amount) <= largest):
        yield f"max_device_memory {memory!r} is more than any card has, or no amount: the largest is {largest}GB."
    small = [kind for kind in hardware().values() if f"{kind.memory_gb}GB" == memory and not kind.flash_attention]
    if net.get("use_flash_attention") and small:
        yield f"use_flash_attention needs an Atlas 800T A2; max_device_memory {memory} is that of an {small[0].title}."
    if small and "bfloat16" in (net.get("compute_dtype"), net.get("param_init_type")):
        yield f"bfloat16 is no dtype of an {small[0].title}; use float16."
    if model.family.position == "alibi":
        for key in ("use_flash_attention", "use_past"):
            if net.get(key):
                yield f"{key} leaves out ALiBi, which goes through the mask here: set it to False."


def _old_names(config: Any) -> Iterator[str]:
    text = {str(each.get("type")) for each in _sections(config)}
    for name in renamed():
        if name.name in text:
            yield f"{name.name} is now {name.to or 'gone'}. {name.why}"


def _sections(config: Any) -> Iterator[dict[str, Any]]:
    if isinstance(config, dict):
        yield config
    children = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    for child in children:
        yield from _sections(child)


def _slow(config: dict[str, Any], net: dict[str, Any], model: Model) -> Iterator[str]:
    strategy = config.get("parallel_config") or {}
    mp, dp = strategy.get("model_parallel", 1), strategy.get("data_parallel", 1)
    if isinstance(mp, int) and isinstance(dp, int) and mp > 1 and model.vocab % mp:
        yield f"model_parallel {mp} does not divide the vocabulary of {model.vocab}: the loss runs without it."
    if net.get("pet_config", {}).get("lora_rank") == 1:
        yield "lora_rank 1 is as in MindFormers' own guide, and very small: 8 to 64 are usual."


def ranks_of(path: Path) -> int:
    """How many cards the strategy of a configuration is for."""
    import yaml

    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        strategy = config["parallel_config"]
        names = ("data_parallel", "model_parallel", "pipeline_stage")
        values = [int(strategy.get(name, 1)) for name in names]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is no configuration with a parallel_config; name another.") from error
    return values[0] * values[1] * values[2]
