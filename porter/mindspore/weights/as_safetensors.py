"""The safetensors format: a length, a JSON header, and the bytes of all tensors one after the other.

The library of that name reads whole tensors, and bfloat16 not at all into numpy; conversion needs pieces of any tensor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.mindspore.weights.frame import Frame
from porter.mindspore.weights.tensor import Span, Stored, Tensor, Weights

SUFFIX = ".safetensors"
_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_CODES = {name: code for code, name in _NAMES.items()}
_LONGEST_HEADER = 100 * 2**20
_ALIGNED = 8


def read(path: Path) -> Weights:
    """The tensors of one file; a file that is not whole is refused with a sentence."""
    size = path.stat().st_size
    header, begin = _header(path, size)
    metadata = header.pop("__metadata__", None) or {}
    stored: dict[str, Stored] = {}
    for name, entry in sorted(header.items(), key=lambda item: _offsets(path, *item)):
        start, stop = _offsets(path, name, entry)
        tensor = _tensor(path, name, entry)
        if stop - start != tensor.size:
            raise UsageError(f"{path}: {tensor} has {stop - start} bytes where {tensor.size} belong; get it again.")
        if begin + stop > size:
            raise UsageError(
                f"{path} is truncated: {name} ends at byte {begin + stop}, the file at {size}; get the file again."
            )
        stored[name] = Stored(tensor, (Span(path, begin + start, tensor.size),))
    return Weights(path, "safetensors", stored, (path,), {str(key): str(value) for key, value in metadata.items()})


def frame(tensors: Sequence[Tensor], metadata: Mapping[str, str]) -> Frame:
    """How a file with these tensors begins; their bytes follow, without anything between."""
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    at = 0
    for tensor in tensors:
        offsets = [at, at + tensor.size]
        header[tensor.name] = {"dtype": _CODES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        at += tensor.size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return Frame(len(text).to_bytes(8, "little") + text, tuple(((b"", tensor.size),) for tensor in tensors))


def _header(path: Path, size: int) -> tuple[dict[str, Any], int]:
    with path.open("rb") as reader:
        length = int.from_bytes(reader.read(8), "little")
        if size < 8 or length > _LONGEST_HEADER:
            raise UsageError(f"{path} is no safetensors file; name one, or get it again.")
        text = reader.read(length)
    if len(text) < length:
        raise UsageError(f"{path} is truncated within its header; get the file again.")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no safetensors file: its header is no JSON; get the file again.") from error
    if not isinstance(header, dict):
        raise UsageError(f"{path} is no safetensors file: its header lists no tensors; get the file again.")
    return header, 8 + length


def _offsets(path: Path, name: str, entry: object) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(each) is int for each in offsets)):
        raise UsageError(f"{path}: the header does not say where {name} lies; get the file again.")
    if not 0 <= offsets[0] <= offsets[1]:
        raise UsageError(f"{path}: the header says that {name} ends before it begins; get the file again.")
    return offsets[0], offsets[1]


def _tensor(path: Path, name: str, entry: Any) -> Tensor:
    code, shape = entry.get("dtype"), entry.get("shape")
    if code not in _NAMES:
        known = ", ".join(_NAMES)
        raise UsageError(f"{path}: {name} has the dtype {code}, which porter does not convert (it knows {known}).")
    if not (isinstance(shape, list) and all(type(each) is int and each >= 0 for each in shape)):
        raise UsageError(f"{path}: the header gives {name} no shape; get the file again.")
    return Tensor(name, _NAMES[code], tuple(shape))
