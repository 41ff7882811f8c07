"""What each tensor is made of: rows of others. Both directions, full models and LoRA adapters come down to this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from porter.errors import UsageError
from porter.mindspore.model_dir import Model
from porter.mindspore.weights.tensor import FLOATS, Tensor

HUGGINGFACE, MINDSPORE = "huggingface", "mindspore"
SIDES = (HUGGINGFACE, MINDSPORE)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a source tensor, with as many zeros before and after each as `pad` says."""

    source: str
    start: int
    stop: int
    pad: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Made:
    """A tensor of the result, from the parts in their order."""

    tensor: Tensor
    parts: tuple[Part, ...]
    row: str  # which row of the family's file says so


@dataclass(frozen=True, slots=True)
class Mapped:
    """All that a conversion does: what it makes, and what it leaves out and why."""

    made: tuple[Made, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """One row of a family's file for one layer, with the sizes of this model in it."""

    huggingface: str
    shape: tuple[int, ...]
    mindspore: tuple[tuple[str, tuple[int, ...]], ...]


def expected(model: Model) -> list[Expected]:
    """Every tensor that a model with this configuration has."""
    found = []
    for row in model.family.tensors:
        if row.unless and model.flag(row.unless):
            continue
        for layer in range(model.layers) if "{layer}" in row.huggingface else (0,):
            parts = tuple(
                (_at(name, layer), tuple(model.sizes[size] for size in shape)) for name, shape in row.mindspore.items()
            )
            rows = sum(shape[0] for _, shape in parts)
            found.append(Expected(_at(row.huggingface, layer), (rows, *parts[0][1][1:]), parts))
    return found


def side_of(model: Model, names: Mapping[str, Tensor]) -> str:
    """Which framework's names these are."""
    rows = expected(model)
    here = sum(row.huggingface in names for row in rows)
    there = sum(name in names for row in rows for name, _ in row.mindspore)
    if not here and not there:
        raise UsageError(f"None of the tensors has a name of {model.family.title}; name another --family or file.")
    return HUGGINGFACE if here >= there else MINDSPORE


def mapping(model: Model, tensors: Mapping[str, Tensor], to: str) -> Mapped:
    """How the tensors of one side become those of the other; whatever does not fit is named."""
    rows = expected(model)
    dropped = _dropped(model, tensors) if to == MINDSPORE else {}
    made, used = [], set(dropped)
    for row in rows:
        sources = {row.huggingface: row.shape} if to == MINDSPORE else dict(row.mindspore)
        dtype = _fitting(sources, tensors)
        used |= sources.keys()
        if to == MINDSPORE:
            start = 0
            for name, shape in row.mindspore:
                part = Part(row.huggingface, start, start + shape[0])
                made.append(Made(Tensor(name, dtype, shape), (part,), row.huggingface))
                start = part.stop
        else:
            parts = tuple(Part(name, 0, shape[0]) for name, shape in row.mindspore)
            made.append(Made(Tensor(row.huggingface, dtype, row.shape), parts, row.huggingface))
    unknown = sorted(tensors.keys() - used)
    if unknown:
        raise UsageError(
            f"{listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not of {model.family.title} "
            f"with {model.layers} layers; name another --family, or mend config.json."
        )
    return Mapped(tuple(made), tuple(sorted(dropped.items())))


def _fitting(sources: Mapping[str, tuple[int, ...]], tensors: Mapping[str, Tensor]) -> str:
    """The dtype that all of these have; they must be there, be floats, and have the shapes of the configuration."""
    missing = [name for name in sources if name not in tensors]
    if missing:
        raise UsageError(f"The tensor {missing[0]} is missing; get the weights again, or mend config.json.")
    for name, shape in sources.items():
        if tensors[name].shape != shape:
            raise UsageError(
                f"{tensors[name]} does not fit config.json, by which it is {' x '.join(map(str, shape))}; "
                "the configuration is of another model."
            )
        if tensors[name].dtype not in FLOATS:
            known = ", ".join(FLOATS)
            raise UsageError(f"{tensors[name]} is no weight of a dtype that porter converts ({known}).")
    dtypes = sorted({tensors[name].dtype for name in sources})
    if len(dtypes) > 1:
        raise UsageError(f"{listed(list(sources))} become one tensor but have the dtypes {' and '.join(dtypes)}.")
    return dtypes[0]


def _dropped(model: Model, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """What is left out, and why."""
    found = {}
    for drop in model.family.drop:
        for layer in range(model.layers) if "{layer}" in drop.tensor else (0,):
            if _at(drop.tensor, layer) in tensors:
                found[_at(drop.tensor, layer)] = drop.why
    for row in model.family.tensors:
        if row.unless and model.flag(row.unless) and row.huggingface in tensors:
            found[row.huggingface] = f"config.json has {row.unless}, so the model never reads it."
    return found


def _at(name: str, layer: int) -> str:
    return name.replace("{layer}", str(layer))


def listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
