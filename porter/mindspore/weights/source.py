"""Opens weights, whatever they lie in: one file of a known format, or a folder of shards with or without an index."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from types import ModuleType

from porter.errors import UsageError
from porter.mindspore.weights.tensor import Stored, Weights

INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")
_NOT_WEIGHTS = ("training_args.bin", "optimizer.bin", "scheduler.bin", "rng_state.pth", "optimizer.pt", "scheduler.pt")


def formats() -> dict[str, ModuleType]:
    """Every format by its suffixes: the modules `as_*.py` here."""
    names = [info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]) if info.name.startswith("as_")]
    modules = [importlib.import_module(f"porter.mindspore.weights.{name}") for name in sorted(names)]
    return {suffix: module for module in modules for suffix in (module.SUFFIX, *getattr(module, "ALSO", ()))}


def open_weights(path: Path) -> Weights:
    """The tensors of a file or a folder."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise UsageError(f"There is no file or folder {path}; name weights, or the folder of a model.")
    module = formats().get(path.suffix)
    if module is None:
        known = ", ".join(sorted(formats()))
        raise UsageError(f"{path} is no file of weights that porter knows ({known}).")
    weights: Weights = module.read(path)
    if not weights.stored:
        raise UsageError(f"{path} holds no tensors; name another file.")
    return weights


def _folder(path: Path) -> Weights:
    index = next((path / name for name in INDEXES if (path / name).is_file()), None)
    if index is not None:
        return _indexed(path, index)
    files = sorted(file for file in path.iterdir() if file.suffix in formats() and file.name not in _NOT_WEIGHTS)
    # Model folders often have the same weights twice; the safe format goes first, and an adapter is not the model.
    for suffix in formats_in_order():
        mine = [file for file in files if file.suffix == suffix]
        models = [file for file in mine if file.name not in ADAPTERS] or mine
        if models:
            return _joined(path, models)
    raise UsageError(f"{path} has no weights: no .safetensors, .bin or .ckpt file lies in it.")


def formats_in_order() -> list[str]:
    """The suffixes, the one that is preferred first."""
    return sorted(formats(), key=lambda suffix: (suffix != ".safetensors", suffix))


def _indexed(path: Path, index: Path) -> Weights:
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        of_file: dict[str, list[str]] = {}
        for name, file in names.items():
            of_file.setdefault(file, []).append(name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{index} is no index of shards; get the file again.") from error
    for file in of_file:
        if Path(file).name != file:
            raise UsageError(f"{index} names {file!r}, which lies outside of the folder; get the file again.")
        if not (path / file).is_file():
            raise UsageError(f"{path} lacks the shard {file} that {index.name} names; get it.")
    found = _joined(path, [path / file for file in sorted(of_file)])
    missing = sorted(names.keys() - found.stored.keys())
    if missing:
        raise UsageError(
            f"{path / names[missing[0]]} lacks the tensor {missing[0]} that {index.name} names; get it again."
        )
    return found


def _joined(path: Path, files: list[Path]) -> Weights:
    stored: dict[str, Stored] = {}
    metadata: dict[str, str] = {}
    form = ""
    for file in files:
        part = open_weights(file)
        twice = sorted(stored.keys() & part.stored.keys())
        if twice:
            other = stored[twice[0]].spans[0].file
            raise UsageError(f"{twice[0]} is both in {other} and in {file}; leave only one of the files there.")
        stored |= part.stored
        metadata |= part.metadata
        form = part.form
    return Weights(path, form, stored, tuple(files), metadata)
