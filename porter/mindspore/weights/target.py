"""Where converted weights go: one file of either format, or a folder of shards with an index."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from porter.errors import UsageError
from porter.mindspore.weights import as_safetensors
from porter.mindspore.weights.frame import Frame
from porter.mindspore.weights.mapping import HUGGINGFACE, Made
from porter.mindspore.weights.source import INDEXES, formats

Shard = tuple[str, list[Made], Frame]


@dataclass(frozen=True)
class Target:
    """What a person asked for. `dtype` is `keep` or the dtype that all get."""

    path: Path
    side: str
    dtype: str = "keep"
    shard_size: int = 5 * 10**9
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> bool:
        return self.path.suffix not in formats()

    def finish(self, folder: Path, shards: Sequence[Shard]) -> None:
        """Writes the index of a folder."""
        names = {made.tensor.name: name for name, all_made, _ in shards for made in all_made}
        total = sum(made.tensor.size for _, all_made, _ in shards for made in all_made)
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(names.items()))}
        if len(shards) > 1:
            (folder / INDEXES[0]).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def shards(target: Target, made: Sequence[Made]) -> list[Shard]:
    """The files with what goes into each, in the order in which all is written."""
    if not made:
        raise UsageError("There is nothing to convert: the source holds no tensors of this model.")
    metadata = {**target.metadata, "format": "pt" if target.side == HUGGINGFACE else "ms"}
    if not target.folder:
        module = formats()[target.path.suffix]
        if not hasattr(module, "frame"):
            raise UsageError(f"porter writes no {target.path.suffix}; name a .safetensors or .ckpt file, or a folder.")
        whole: list[Made] = list(made)
        return [(target.path.name, whole, module.frame([each.tensor for each in whole], metadata))]
    groups: list[list[Made]] = [[]]
    for each in made:
        full = sum(one.tensor.size for one in groups[-1]) + each.tensor.size > target.shard_size
        if groups[-1] and full:
            groups.append([])
        groups[-1].append(each)
    names = [f"model-{at + 1:05}-of-{len(groups):05}.safetensors" for at in range(len(groups))]
    names = names if len(groups) > 1 else ["model.safetensors"]
    return [
        (name, group, as_safetensors.frame([each.tensor for each in group], metadata))
        for name, group in zip(names, groups, strict=True)
    ]
