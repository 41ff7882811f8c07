"""A model as its code tells of it, and the models of a repository: those that are tried, and those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST = 6  # models that are tried; the others are named


@dataclass(frozen=True, slots=True)
class Model:
    """A model class and how it is made."""

    file: str
    module: str
    name: str
    path: tuple[str, ...]
    config_module: str
    config: str  # "" for a class with plain arguments
    settings: tuple[str, ...] = ()  # what it reads of a configuration that is no class of the repository
    lacks: tuple[str, ...] = ()  # arguments of its constructor for which there is no value
    makes: frozenset[str] = frozenset()  # where the name is that of a function: the models that it builds
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)  # what that function reads, with the defaults
    tokenizer: tuple[str, str] = ("", "")  # module and class of the one that reads a SentencePiece model
    told: Mapping[str, Any] = field(default_factory=dict, hash=False)  # arguments that a person chose

    @property
    def subject(self) -> str:
        return f"{self.file}: {self.name}"

    @property
    def order(self) -> dict[str, object]:
        """What a probe must know of it."""
        return {
            "module": self.module,
            "class": self.name,
            "config_module": self.config_module,
            "config_class": self.config,
            "settings": list(self.settings),
            "options": dict(self.options),
            "path": list(self.path),
            "config": dict(self.told),
            **({"own_tokenizer": list(self.tokenizer)} if all(self.tokenizer) else {}),
        }


@dataclass(frozen=True)
class Candidates:
    """The models of a repository: those that are tried, those beyond that number, and those that cannot be built."""

    tried: list[Model]
    beyond: list[Model]
    lacking: list[Model]

    @property
    def left_out(self) -> list[str]:
        """A sentence for each that is not tried."""
        many = [f"{model.subject} was not tried: the harness takes {MOST} models" for model in self.beyond]
        return many + [
            f"{model.subject} was not tried: its constructor needs {model.lacks[0]!r}, for which there is no tiny value"
            for model in self.lacking
        ]

    @property
    def how_many_left_out(self) -> str:
        """The same in a sentence, with the line that brings one of them in."""
        beyond, lacking = len(self.beyond), len(self.lacking)
        why = [f"{beyond} beyond the {MOST} that the harness takes"] if beyond else []
        why += [f"{lacking} whose constructor needs what it has no tiny value for"] if lacking else []
        if not why:
            return ""
        first = [*self.beyond, *self.lacking][0]
        named = f'models = ["{first.file}:{first.name}"]'
        return f"Models that were not tried: {' and '.join(why)}; {named} in [tool.porter.verify] names one."
