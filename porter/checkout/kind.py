"""What kind of file a file is: decided from its name, else from its first bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

SUFFIXES = {
    "python": ".py .pyi .pyw",
    "cython": ".pyx .pxd .pxi",
    "shell": ".sh .bash .zsh .ksh .slurm .sbatch .pbs .lsf",
    "notebook": ".ipynb",
    "yaml": ".yaml .yml",
    "json": ".json .jsonc",
    "toml": ".toml",
    "ini": ".cfg .ini",
    "dockerfile": ".dockerfile",
    "cuda": ".cu .cuh",
    "cpp": ".c .cc .cpp .cxx .h .hh .hpp .hxx .inl",
    "cmake": ".cmake",
    "makefile": ".mk",
    "markdown": ".md .markdown",
    "text": ".txt .rst .csv .tsv .jsonl .html .css .js .ts .svg .xml .sql .tex .bib .log .diff .patch .j2",
    "binary": (
        ".bin .pt .pth .ckpt .safetensors .onnx .gguf .ggml .h5 .hdf5 .pb .tflite .npy .npz .pkl .pickle .joblib "
        ".parquet .arrow .feather .mat .db .sqlite .model .spm .engine .trt "
        ".png .jpg .jpeg .gif .bmp .ico .webp .tif .tiff .psd .pdf .ttf .otf .woff .woff2 "
        ".mp3 .mp4 .wav .flac .ogg .avi .mov .mkv .webm "
        ".zip .gz .tgz .bz2 .xz .zst .7z .rar .tar .whl .egg .jar .so .a .o .dylib .dll .exe .pyc .pyd "
        ".class .ptx .cubin"
    ),
}
KIND_BY_SUFFIX = {suffix: kind for kind, suffixes in SUFFIXES.items() for suffix in suffixes.split()}

# Names that say more than their suffix; matched against the path in lower case, first hit wins.
KIND_BY_NAME = (
    (r"(^|/)[^/]*(requirements|constraints)[^/]*\.(txt|in)$", "requirements"),
    (r"(^|/)([^/]*[._-])?(requirement|constraint|reqs?)([._-][^/]*)?\.(txt|in)$", "requirements"),
    (r"(^|/)requirements/[^/]+\.(txt|in)$", "requirements"),
    (r"(^|/)([^/]*[._-])?(dockerfile|containerfile)((?![^/]*\.(md|rst|txt|sh|ya?ml|json)$)[._-][^/]*)?$", "dockerfile"),
    (r"(^|/)cmakelists\.txt$", "cmake"),
    (r"(^|/)(gnu)?makefile$", "makefile"),
    (r"(^|/)pipfile$", "toml"),
    (r"(^|/)\.env(\.[^/]*)?$", "dotenv"),
)

SHELLS = {"sh", "bash", "dash", "zsh", "ksh"}

# Enough for a shebang and for git's own way of telling a binary: a NUL byte near the start.
HEAD = 8000


def kind_of(path: str, head: Callable[[], bytes]) -> str:
    """The kind of the file at `path`; `head` gives its first bytes and is called only where the name says nothing."""
    lowered = path.lower()
    if lowered.endswith(".py"):  # nearly every file: not worth a closer look at its name
        return "python"
    for pattern, kind in KIND_BY_NAME:
        if re.search(pattern, lowered):
            return kind
    known = KIND_BY_SUFFIX.get(PurePosixPath(lowered).suffix)
    return known or kind_of_head(head())


def kind_of_head(head: bytes) -> str:
    """The kind that the first bytes of a file tell: its interpreter, else text or binary."""
    if head.startswith(b"#!"):
        name = _interpreter(head)
        if name in SHELLS:
            return "shell"
        if name.startswith(("python", "pypy")):
            return "python"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # a UTF-16 or UTF-32 mark: text that is full of NUL bytes
        return "text"
    return "binary" if b"\0" in head else "text"


def _interpreter(head: bytes) -> str:
    words = head[2:].split(b"\n", 1)[0].decode("latin-1").split()
    names = [PurePosixPath(word).name for word in words]
    if names and names[0] == "env":
        names = [name for name, word in zip(names[1:], words[1:], strict=True) if not re.match(r"-|\w+=", word)]
    return names[0] if names else ""
