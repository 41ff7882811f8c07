"""How fast weights are converted: MB/s beside a plain copy of the same bytes, and the most memory that was used.

    python bench/weights.py [--gigabytes 2] [--dtype keep]

Makes a Llama-like model of that size in a temporary folder (twice that is needed), converts it in a process of its own,
and copies its files with shutil. Each is run three times, taking turns; the best counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

HIDDEN, INNER, VOCAB, SHARD = 2048, 5632, 32000, 500_000_000
WATCHED = """
import resource, sys, time
from porter.cli import main
began = time.perf_counter()
try:
    main()
except SystemExit as ended:
    code = ended.code
taken = time.perf_counter() - began
print("MEASURED", taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


def make(folder: Path, gigabytes: float) -> int:
    """A folder of bfloat16 shards with random bytes that are finite numbers; gives its size."""
    from porter.mindspore.family import families
    from porter.mindspore.model_dir import understood
    from porter.mindspore.weights.as_safetensors import frame
    from porter.mindspore.weights.mapping import expected
    from porter.mindspore.weights.tensor import Tensor

    each = 2 * (4 * HIDDEN * HIDDEN + 3 * HIDDEN * INNER)
    config = {
        "model_type": "llama",
        "vocab_size": VOCAB,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": max(1, round((gigabytes * 1e9 - 4 * VOCAB * HIDDEN) / each)),
        "num_attention_heads": 16,
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    rows = expected(understood(config, families()["llama"]))
    shards: list[list[Tensor]] = [[]]
    for row in rows:
        if sum(tensor.size for tensor in shards[-1]) > SHARD:
            shards.append([])
        shards[-1].append(Tensor(row.huggingface, "bfloat16", row.shape))
    noise = bytes(byte & 0xBF for byte in os.urandom(1 << 20))  # no exponent is all ones
    index = {}
    for at, tensors in enumerate(shards):
        name = f"model-{at + 1:05}-of-{len(shards):05}.safetensors"
        with (folder / name).open("wb") as file:
            file.write(frame(tensors, {"format": "pt"}).header)
            for tensor in tensors:
                index[tensor.name] = name
                whole, rest = divmod(tensor.size, len(noise))
                for _ in range(whole):
                    file.write(noise)
                file.write(noise[:rest])
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}), encoding="utf-8")
    return sum(path.stat().st_size for path in folder.iterdir())


def convert(source: Path, out: Path, dtype: str) -> tuple[float, int]:
    """Seconds, and kilobytes at most."""
    words = ["weights", "convert", str(source), str(out), "--dtype", dtype, "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, memory = done.stdout.rsplit("MEASURED", 1)[1].split()
    out.unlink()
    return float(seconds), int(memory)


def copy(source: Path, out: Path) -> float:
    """Seconds for the same bytes, made to last as porter does."""
    began = time.perf_counter()
    out.mkdir()
    for path in sorted(source.iterdir()):
        with path.open("rb") as reader, (out / path.name).open("wb") as writer:
            shutil.copyfileobj(reader, writer, 8 * 2**20)
            writer.flush()
            os.fsync(writer.fileno())
    seconds = time.perf_counter() - began
    shutil.rmtree(out)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--dtype", default="keep", choices=["keep", "float32", "float16"])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="porter-bench-") as scratch:
        source, out = Path(scratch) / "hf", Path(scratch) / "out"
        size = make(source, given.gigabytes)
        copies, conversions = [], []
        for _ in range(given.runs):
            copies.append(copy(source, out))
            conversions.append(convert(source, out.with_suffix(".ckpt"), given.dtype))
        largest = max(path.stat().st_size for path in source.iterdir())
        seconds, memory = min(conversions)[0], max(memory for _, memory in conversions)
        shards = f"shards of at most {largest / 1e6:.0f} MB"
        print(f"{size / 1e9:.2f} GB in {shards}, dtype {given.dtype}, best of {given.runs}")
        print(f"plain copy     {size / 1e6 / min(copies):6.0f} MB/s")
        print(f"porter weights {size / 1e6 / seconds:6.0f} MB/s")
        print(f"most memory    {memory * 1024 / 1e6:6.0f} MB ({memory * 1024 / largest:.2f} of the largest shard)")


if __name__ == "__main__":
    main()
