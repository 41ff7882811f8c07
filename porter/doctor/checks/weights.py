"""Whether the weights in the port's folder are weights, or pointers that git-lfs left."""

from __future__ import annotations

from collections.abc import Iterator

from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom

_WEIGHTS = ("*.bin", "*.safetensors", "*.pt", "*.pth", "*.ckpt", "*.model", "*.gguf")
_POINTER = b"version https://git-lfs"


def examine(patient: Patient) -> Iterator[Symptom]:
    if patient.port is None:
        return
    found = sorted(
        path for shape in _WEIGHTS for path in patient.port.rglob(shape) if path.is_file() and not path.is_symlink()
    )
    pointers = [path for path in found if path.stat().st_size < 1024 and path.read_bytes().startswith(_POINTER)]
    empty = [path for path in found if path.stat().st_size == 0]
    for path in pointers:
        name = path.relative_to(patient.port).as_posix()
        yield Symptom("weights", State.WRONG, f"{name} is a git-lfs pointer", "git lfs install && git lfs pull")
    for path in empty:
        name = path.relative_to(patient.port).as_posix()
        yield Symptom("weights", State.WRONG, f"{name} is empty", "download it again")
    whole = [path for path in found if path not in pointers and path not in empty]
    if whole:
        size = sum(path.stat().st_size for path in whole)
        yield Symptom("weights", State.OK, f"{len(whole)} files with {size / 2**30:.1f} GiB")
