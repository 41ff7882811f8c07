"""PyTorch's .bin and .pth: a zip with a pickle that names storages, read without torch and without running the pickle.

Only the few names that a state dict is made of are understood; any other is refused before anything is called.
"""

from __future__ import annotations

import math
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from porter.errors import UsageError
from porter.mindspore.weights.tensor import WIDTHS, Span, Stored, Tensor, Weights

SUFFIX = ".bin"
ALSO = (".pth", ".pt")
_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_LOCAL_HEADER = 30  # bytes before the name in a member of a zip


@dataclass(frozen=True, slots=True)
class _Storage:
    dtype: str
    member: str


@dataclass(frozen=True, slots=True)
class _View:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def read(path: Path) -> Weights:
    """The tensors of one file as `torch.save` of a state dict writes it since PyTorch 1.6."""
    if not zipfile.is_zipfile(path):
        raise UsageError(
            f"{path} is truncated, or in the format of PyTorch before 1.6; get it again, or save it anew with torch."
        )
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        members = {info.filename: info for info in archive.infolist()}
        name = next((each for each in members if each.endswith("/data.pkl") or each == "data.pkl"), "")
        if not name:
            raise UsageError(f"{path} is a zip without a data.pkl, so torch did not write it; name another file.")
        root = name.removesuffix("data.pkl")
        with archive.open(name) as pickled:
            found = _unpickled(path, pickled)
        stored = {}
        for key, view in found.items():
            info = members.get(f"{root}data/{view.storage.member}")
            if info is None or info.compress_type != zipfile.ZIP_STORED:
                raise UsageError(f"{path}: the bytes of {key} are missing or compressed; save it anew with torch.")
            stored[key] = _stored(path, file, key, view, info)
    return Weights(path, "torch", stored, (path,))


def _stored(path: Path, file: BinaryIO, name: str, view: _View, info: zipfile.ZipInfo) -> Stored:
    tensor = Tensor(name, view.storage.dtype, view.shape)
    dense = tuple(math.prod(view.shape[place + 1 :]) for place in range(len(view.shape)))
    if any(length > 1 and a != b for length, a, b in zip(view.shape, view.stride, dense, strict=True)):
        raise UsageError(f"{path}: {name} is not contiguous; save it anew with torch, after .contiguous().")
    offset = view.offset * WIDTHS[tensor.dtype]
    if offset + tensor.size > info.file_size:
        raise UsageError(f"{path}: {tensor} is longer than its storage; get the file again.")
    file.seek(info.header_offset + 26)
    lengths = file.read(4)
    start = info.header_offset + _LOCAL_HEADER + sum(int.from_bytes(lengths[i : i + 2], "little") for i in (0, 2))
    return Stored(tensor, (Span(path, start + offset, tensor.size),))


def _unpickled(path: Path, pickled: Any) -> dict[str, _View]:
    try:
        found = _Reader(pickled).load()
    except UsageError:
        raise
    except Exception as error:  # a pickle can break in every way that there is
        raise UsageError(f"{path}: its data.pkl cannot be read ({error}); get the file again.") from error
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no state dict; save one with torch.save(model.state_dict(), ...).")
    odd = [key for key, value in found.items() if not (isinstance(key, str) and isinstance(value, _View))]
    if odd:
        raise UsageError(f"{path}: {odd[0]!r} is no tensor; save only the state dict.")
    return dict(found)


class _Reader(pickle.Unpickler):
    """Knows the names of a state dict and nothing else: an unknown one ends the reading."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in {"_rebuild_tensor_v2", "_rebuild_parameter"}:
            return _view if name == "_rebuild_tensor_v2" else _parameter
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise UsageError(f"The pickle asks for {module}.{name}, which no state dict needs; porter does not load it.")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, member, *_ = pid
        if kind != "storage":
            raise UsageError(f"The pickle names a {kind}, not a storage; porter does not load it.")
        return _Storage(dtype, str(member))


def _view(storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object) -> _View:
    return _View(storage, offset, tuple(shape), tuple(stride))


def _parameter(view: _View, *_: object) -> _View:
    return view
