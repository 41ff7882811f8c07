"""A model's folder as Hugging Face has it: its configuration, and the family that it is of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.mindspore.family import Family, Marks, families, named

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class Model:
    """A configuration that porter understood, with the names of MindSpore's side of the world."""

    family: Family
    config: dict[str, Any]
    hidden: int
    heads: int
    kv_heads: int
    head_width: int
    layers: int
    intermediate: int
    vocab: int
    positions: int
    eps: float
    theta: float
    tied: bool

    @property
    def sizes(self) -> dict[str, int]:
        """What the shapes in a family's file are made of."""
        return {
            "hidden": self.hidden,
            "query": self.heads * self.head_width,
            "value": self.kv_heads * self.head_width,
            "intermediate": self.intermediate,
            "vocab": self.vocab,
        }

    def flag(self, name: str) -> bool:
        return bool(self.config.get(name))


def read_model(path: Path, family: str = "") -> Model:
    """The model in a folder; `family` is a person's word where the folder itself does not tell."""
    config = read_config(path)
    return understood(config, named(family) if family else _family(path, config))


def read_config(path: Path) -> dict[str, Any]:
    """The config.json in a folder."""
    file = path / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{path} has no {CONFIG}; name the folder of a Hugging Face model.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read as JSON ({error}); get the file again.") from error
    if not isinstance(config, dict):
        raise UsageError(f"{file} is no configuration of a model; get the file again.")
    return config


def understood(config: dict[str, Any], family: Family) -> Model:
    """The configuration as numbers; one that says what porter cannot carry over is refused with what it says."""
    for key, allowed in family.requires.items():
        if config.get(key, allowed[0]) not in allowed and not (key == "rope_scaling" and _plain_rope(config[key])):
            said = json.dumps(config[key])
            raise UsageError(f"{CONFIG} has {key} = {said[:80]}, which porter does not port for {family.title} yet.")
    hidden, heads = _count(config, "hidden_size"), _count(config, "num_attention_heads")
    kv_heads = _count(config, "num_key_value_heads", heads)
    width = _count(config, "head_dim", hidden // heads or 1)
    if width * heads != hidden:
        raise UsageError(f"{CONFIG} has {heads} heads of width {width} in a hidden size of {hidden}, which do not fit.")
    if heads % kv_heads:
        raise UsageError(f"{CONFIG} has {heads} heads for {kv_heads} key and value heads, which do not divide them.")
    rope = config.get("rope_parameters") or {}
    if not _plain_rope(rope):
        raise UsageError(
            f"{CONFIG} scales its rotary positions ({rope.get('rope_type')}), which porter does not port yet."
        )
    return Model(
        family=family,
        config=config,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_width=width,
        layers=_count(config, "num_hidden_layers"),
        intermediate=_count(config, "intermediate_size"),
        vocab=_count(config, "vocab_size"),
        positions=_count(config, "max_position_embeddings", config.get("model_max_length", 4096)),
        eps=_real(config, "rms_norm_eps", 1e-6),
        theta=_real(config, "rope_theta", rope.get("rope_theta", 10000.0)),
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def _plain_rope(rope: Any) -> bool:
    """transformers writes an unscaled rotation as a dictionary, too."""
    return isinstance(rope, dict) and rope.get("rope_type", rope.get("type", "default")) == "default"


def _count(config: dict[str, Any], key: str, default: Any = None) -> int:
    value = config.get(key)
    value = default if value is None else value
    if type(value) is not int or value < 1:
        raise UsageError(f"{CONFIG} has no usable {key} (found {value!r}); it must be a whole number above 0.")
    return value


def _real(config: dict[str, Any], key: str, default: Any) -> float:
    value = config.get(key)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise UsageError(f"{CONFIG} has no usable {key} (found {value!r}); it must be a number above 0.")
    return float(value)


def _family(path: Path, config: dict[str, Any]) -> Family:
    """The one family whose type and marks fit: a model's own code tells more than its configuration."""
    kind = config.get("model_type")
    alike = [family for family in families().values() if kind in family.model_types]
    if not alike:
        known = ", ".join(sorted({kind for family in families().values() for kind in family.model_types}))
        raise UsageError(f"{path / CONFIG} has model_type {kind!r}; porter ports {known} to MindSpore so far.")
    code = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in sorted(path.glob("modeling_*.py")))
    fits = [family for family in alike if (_in_code(family.code, code) if code else _in_config(family.config, config))]
    if len(fits) != 1:
        names = ", ".join(family.name for family in alike)
        source = "its modeling_*.py" if code else "its config.json alone, for it has no modeling_*.py,"
        raise UsageError(f"{path}: {source} does not tell which of {names} it is; name it with --family.")
    return fits[0]


def _in_code(marks: Marks, code: str) -> bool:
    return all(mark in code for mark in marks.has) and not any(mark in code for mark in marks.lacks)


def _in_config(marks: Marks, config: dict[str, Any]) -> bool:
    fits = all(key in config for key in marks.has) and not any(key in config for key in marks.lacks)
    return fits and marks.vocab_size in (None, config.get("vocab_size"))
