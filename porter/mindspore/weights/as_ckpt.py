"""MindSpore's .ckpt: a protobuf message that is one long list of values, each a name, a shape, a dtype and bytes.

Messages of protobuf can be joined by writing one after the other, so neither reading nor writing needs MindSpore:

    Checkpoint  value = 1 (repeated)      Value  tag = 1, tensor = 2      Tensor  dims = 1, tensor_type = 2, content = 3

A tensor above 512 MiB is kept as several values of the same name in a row, as MindSpore itself does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from porter.errors import UsageError
from porter.mindspore.weights.frame import Frame
from porter.mindspore.weights.protobuf import Field, fields, number, tagged
from porter.mindspore.weights.tensor import Span, Stored, Tensor, Weights

SUFFIX = ".ckpt"
SLICE = 512 * 2**20
_NAMES = {
    "Float64": "float64",
    "Float32": "float32",
    "Float16": "float16",
    "BFloat16": "bfloat16",
    "Int64": "int64",
    "Int32": "int32",
    "Int16": "int16",
    "Int8": "int8",
    "UInt8": "uint8",
    "Bool": "bool",
}
_TYPES = {name: code for code, name in _NAMES.items()}
_CRC, _CRC_SIZE = b"crc_num", 17  # what save_checkpoint(crc_check=True) puts behind the message


def read(path: Path) -> Weights:
    """The tensors of one file. Text that was saved beside them (`append_dict`) is metadata."""
    stored: dict[str, Stored] = {}
    metadata: dict[str, str] = {}
    with path.open("rb") as file:
        end = _end(file, path.stat().st_size)
        for value in fields(file, 0, end, path):
            if value.key != 1:
                raise UsageError(f"{path} is no MindSpore checkpoint; name one, or get the file again.")
            tag, kind, dims, content = _value(file, value, path)
            if kind == "str":
                metadata[tag] = _at(file, content).decode("utf-32-le", "replace")
            elif kind not in _NAMES:
                raise UsageError(f"{path}: {tag} has the dtype {kind!r}, which porter does not convert.")
            else:
                tensor = Tensor(tag, _NAMES[kind], () if dims == (0,) else dims)
                known = stored[tag].spans if tag in stored else ()
                stored[tag] = Stored(tensor, (*known, Span(path, content.start, content.size)))
    for each in stored.values():
        have = sum(span.size for span in each.spans)
        if have != each.tensor.size:
            raise UsageError(f"{path}: {each.tensor} has {have} bytes where {each.tensor.size} belong; get it again.")
    return Weights(path, "ckpt", stored, (path,), metadata)


def frame(tensors: Sequence[Tensor], metadata: Mapping[str, str]) -> Frame:
    """The bytes around each tensor; a checkpoint has no header, and tensors alone."""
    del metadata
    return Frame(b"", tuple(_pieces(tensor) for tensor in tensors))


def _pieces(tensor: Tensor) -> tuple[tuple[bytes, int], ...]:
    starts = range(0, max(tensor.size, 1), SLICE)
    return tuple(_piece(tensor, min(SLICE, tensor.size - start)) for start in starts)


def _piece(tensor: Tensor, size: int) -> tuple[bytes, int]:
    dims = b"".join(number(1 << 3) + number(each) for each in tensor.shape or (0,))
    before = dims + tagged(2, _TYPES[tensor.dtype].encode()) + number(3 << 3 | 2) + number(size)
    inner = number(2 << 3 | 2) + number(len(before) + size) + before
    value = tagged(1, tensor.name.encode()) + inner
    return number(1 << 3 | 2) + number(len(value) + size) + value, size


def _value(file: BinaryIO, value: Field, path: Path) -> tuple[str, str, tuple[int, ...], Field]:
    tag, tensor = "", None
    for part in fields(file, value.start, value.stop, path):
        if part.key == 1:
            tag = _at(file, part).decode("utf-8", "replace")
        elif part.key == 2:
            tensor = part
    if tensor is None:
        raise UsageError(f"{path}: {tag or 'a value'} is a map parameter, which porter does not convert.")
    kind, content = "", None
    dims: list[int] = []
    for part in fields(file, tensor.start, tensor.stop, path):
        if part.key == 1:
            dims += _dims(file, part)
        elif part.key == 2:
            kind = _at(file, part).decode("utf-8", "replace")
        elif part.key == 3:
            content = part
    if content is None:
        raise UsageError(f"{path}: {tag} has no content; get the file again.")
    return tag, kind, tuple(dims), content


def _dims(file: BinaryIO, part: Field) -> list[int]:
    """One number, or (packed) several."""
    if part.number is not None:
        return [part.number]
    return [field.number or 0 for field in fields(file, part.start, part.stop, Path(), packed=True)]


def _at(file: BinaryIO, part: Field) -> bytes:
    file.seek(part.start)
    return file.read(part.size)


def _end(file: BinaryIO, size: int) -> int:
    file.seek(max(0, size - _CRC_SIZE))
    return size - _CRC_SIZE if file.read(len(_CRC)) == _CRC else size
