"""LoRA adapters: two small tensors beside each tensor of the model that was tuned, under other names on either side.

PEFT has `base_model.model.<module>.lora_A.weight` and `lora_B`, MindFormers `<module>.mindpet_delta_lora_a` and `_b`.
"""

from __future__ import annotations

from collections.abc import Mapping

from porter.errors import UsageError
from porter.mindspore.model_dir import Model
from porter.mindspore.weights.mapping import MINDSPORE, Expected, Made, Mapped, Part, expected, listed
from porter.mindspore.weights.stream import same_bytes
from porter.mindspore.weights.tensor import FLOATS, Tensor, Weights

_PEFT = "base_model.model."


def is_adapter(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are an adapter's tensors and not a model's."""
    return any(".lora_A." in name or name.endswith(".mindpet_delta_lora_a") for name in tensors)


def adapter(model: Model, weights: Weights, to: str) -> Mapped:
    """How the tensors of an adapter become those of the other side."""
    tensors = weights.tensors
    made: list[Made] = []
    used: set[str] = set()
    notes: set[str] = set()
    for row in expected(model):
        if len(row.shape) != 2:
            continue
        ours = [(_mindspore(name), shape) for name, shape in row.mindspore]
        theirs = _peft(row.huggingface, tensors)
        names = set(theirs) if to == MINDSPORE else {name for pair, _ in ours for name in pair}
        there = names & tensors.keys()
        if not there:
            continue
        if there != names:
            raise UsageError(f"The tensor {min(names - there)} is missing; get the adapter again.")
        used |= names
        if to == MINDSPORE:
            made += _apart(row, theirs, tensors)
        else:
            made += _together(row, weights, notes)
    unknown = sorted(tensors.keys() - used)
    if unknown:
        raise UsageError(f"{listed(unknown)}: no LoRA adapter of {model.family.title} has that; name another --family.")
    return Mapped(tuple(made), notes=tuple(sorted(notes)))


def _apart(row: Expected, theirs: tuple[str, str], tensors: Mapping[str, Tensor]) -> list[Made]:
    """One adapter as the adapters of the tensors that its tensor is split into: `a` for each, the rows of `b`."""
    a, b = (tensors[name] for name in theirs)
    rank = _rank(a, b, row.shape)
    made, start = [], 0
    for name, shape in row.mindspore:
        first, second = _mindspore(name)
        made.append(Made(Tensor(first, a.dtype, (rank, shape[1])), (Part(a.name, 0, rank),), row.huggingface))
        part = Part(b.name, start, start + shape[0])
        made.append(Made(Tensor(second, b.dtype, (shape[0], rank)), (part,), row.huggingface))
        start = part.stop
    return made


def _together(row: Expected, weights: Weights, notes: set[str]) -> list[Made]:
    """The adapters of several tensors as one. Where they were trained apart it has the sum of their ranks."""
    tensors = weights.tensors
    pairs = [tuple(tensors[each] for each in _mindspore(name)) for name, _ in row.mindspore]
    ranks = [_rank(a, b, shape) for (a, b), (_, shape) in zip(pairs, row.mindspore, strict=True)]
    first, second = (f"{_PEFT}{row.huggingface.removesuffix('.weight')}.lora_{side}.weight" for side in "AB")
    rows, width = row.shape
    shared = all(same_bytes(weights, pairs[0][0].name, a.name) for a, _ in pairs)
    rank = ranks[0] if shared else sum(ranks)
    if shared:
        parts_a = [Part(pairs[0][0].name, 0, rank)]
        parts_b = [Part(b.name, 0, b.shape[0]) for _, b in pairs]
    else:
        parts_a = [Part(a.name, 0, a.shape[0]) for a, _ in pairs]
        before = [sum(ranks[:place]) for place in range(len(ranks))]
        pads = [(at, rank - at - own) for at, own in zip(before, ranks, strict=True)]
        parts_b = [Part(b.name, 0, b.shape[0], pad) for (_, b), pad in zip(pairs, pads, strict=True)]
        notes.add(
            f"Adapters of query, key and value were trained apart: together they have rank {rank} where each has "
            f"{ranks[0]}. Multiply r and lora_alpha of adapter_config.json by {len(ranks)}, and the result is the same."
        )
    a, b = pairs[0]
    return [
        Made(Tensor(first, a.dtype, (rank, width)), tuple(parts_a), row.huggingface),
        Made(Tensor(second, b.dtype, (rows, rank)), tuple(parts_b), row.huggingface),
    ]


def _rank(a: Tensor, b: Tensor, shape: tuple[int, ...]) -> int:
    rank = a.shape[0] if len(a.shape) == 2 else 0
    if not rank or a.shape != (rank, shape[1]) or b.shape != (shape[0], rank):
        raise UsageError(
            f"{a} and {b} do not fit a weight of {shape[0]} x {shape[1]}; the adapter is of another model."
        )
    if a.dtype not in FLOATS or a.dtype != b.dtype:
        raise UsageError(f"{a} and {b} are not of one dtype that porter converts ({', '.join(FLOATS)}).")
    return rank


def _peft(name: str, tensors: Mapping[str, Tensor]) -> tuple[str, str]:
    """Both names at PEFT; a state dict that was saved by hand has the name of the adapter in them."""
    module = _PEFT + name.removesuffix(".weight")
    plain = (f"{module}.lora_A.weight", f"{module}.lora_B.weight")
    with_name = (f"{module}.lora_A.default.weight", f"{module}.lora_B.default.weight")
    return with_name if with_name[0] in tensors else plain


def _mindspore(name: str) -> tuple[str, str]:
    module = name.removesuffix(".weight").removesuffix(".embedding_weight")
    return f"{module}.mindpet_delta_lora_a", f"{module}.mindpet_delta_lora_b"
