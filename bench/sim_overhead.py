"""What the simulated device costs: the same work on plain CPU and on each simulated device, in CPU time of one thread.

    python bench/sim_overhead.py

Each device is measured in a process of its own; a number is the least of three.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DEVICES = {
    "cpu": [],
    "npu": ["--target", "npu"],
    "npu, traced": ["--target", "npu", "--trace", str(Path(tempfile.gettempdir()) / "sim-overhead.json")],
    "cuda": ["--target", "cuda"],
    "npu, no compiler": ["--target", "npu", "--without-compiler"],
}


def least(work: Callable[[], object], repeat: int) -> float:
    """Milliseconds of CPU time for one call."""
    work()
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _ in range(repeat):
            work()
        best = min(best, (time.process_time() - start) / repeat)
    return best * 1e3


def llama(width: int, layers: int) -> Any:
    """A Llama with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=width * 16,
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=width // 16,
        )
    )


def measure(device: str) -> dict[str, float]:
    """All measurements on one device."""
    import torch

    torch.set_num_threads(1)
    tiny, small = llama(64, 2).to(device), llama(512, 7).to(device)
    ids = torch.randint(3, 900, (1, 16)).to(device)
    square, four = torch.randn(1024, 1024).to(device), torch.ones(4).to(device)

    def generate(model: Any, tokens: int) -> Callable[[], object]:
        return lambda: model.generate(ids, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False)

    def step(model: Any) -> Callable[[], object]:
        optimizer = torch.optim.AdamW(model.parameters(), foreach=True)  # torch chooses that for CUDA, not for CPU

        def once() -> None:
            model(ids, labels=ids).loss.backward()
            optimizer.step()
            optimizer.zero_grad()

        return once

    size = f"{small.num_parameters() / 1e6:.0f}M Llama"
    return {
        "add 4 numbers": least(lambda: four + four, 5000),
        "view": least(lambda: four.view(2, 2), 5000),
        "matmul 1024": least(lambda: square @ square, 10),
        "tiny Llama, 32 tokens": least(generate(tiny, 32), 2),
        "tiny Llama, forward and backward": least(lambda: tiny(ids, labels=ids).loss.backward(), 5),
        "tiny Llama, step of AdamW": least(step(tiny), 5),
        f"{size}, 16 tokens": least(generate(small, 16), 1),
        f"{size}, step of AdamW": least(step(small), 1),
    }


def installing() -> dict[str, float]:
    """Seconds of CPU time: building both libraries from nothing, and putting the built device into a process."""
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PORTERSIM_CACHE": cache}
        before = os.times()
        subprocess.run([sys.executable, "-m", "porter.sim.build"], env=env, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
    built = after.children_user + after.children_system - before.children_user - before.children_system
    code = "import time, torch; t = time.process_time(); import torch_npu; print(time.process_time() - t)"
    run = [sys.executable, "-m", "porter.sim.run", "--target", "npu", "--no-autoload", "-c", code]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = [subprocess.run(run, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout for _ in range(3)]
    return {"building both libraries": built, "import torch_npu, after torch": min(map(float, told))}


def main() -> None:
    """Prints one line per measurement: milliseconds, and how many times plain CPU."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    results = {}
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name, options in DEVICES.items():
        run = [sys.executable, "-m", "porter.sim.run", *options] if options else [sys.executable]
        command = [*run, __file__, name.partition(",")[0]]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        results[name] = json.loads(done.stdout.splitlines()[-1])
    print("| | " + " | ".join(results) + " |\n|---|" + "---|" * len(results))
    for what, plain in results["cpu"].items():
        cells = [f"{r[what]:.4g} ms ({r[what] / plain:.2f})" for r in results.values()]
        print(f"| {what} | " + " | ".join(cells) + " |")
    print()
    for what, seconds in installing().items():
        print(f"{what}: {seconds:.3g} s")


if __name__ == "__main__":
    main()
