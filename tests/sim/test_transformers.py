"""A model of transformers: taken for the vendor's device, and its port on npu does what the original does on CUDA."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Run

# Not top_p: there transformers writes x[...] = False, for which torch makes its number on the CPU for CUDA and on the
# device for all others; that difference is torch's own, and a trace shows it.
MODEL = """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )).cuda()
    ids = torch.randint(3, 64, (1, 8)).to("cuda:0")
    print(model.generate(ids, max_new_tokens=8, do_sample=False).tolist())
    torch.cuda.manual_seed_all(1)
    print(model.generate(ids, max_new_tokens=8, do_sample=True).tolist())
    optimizer = torch.optim.AdamW(model.parameters(), foreach=True)
    loss = model(ids, labels=ids).loss
    loss.backward()
    optimizer.step()
    print(loss.item(), sum(p.double().sum() for p in model.cpu().parameters()).item())
"""


def test_original_and_port_are_equal(simulate: Run, tmp_path: Path) -> None:
    seen = []
    for target in ("cuda", "npu"):
        trace = tmp_path / f"{target}.json"
        done = simulate(target, MODEL.replace("cuda", target), "--trace", str(trace), "--log", "--root", str(tmp_path))
        assert done.returncode == 0, done.stderr
        told = json.loads(trace.read_text())
        assert "leftovers" not in told["places"]
        seen.append((done.stdout, told["operators"][f"{target}:0"], told["copies"], told["waits"], told["log"]))
    original, port = seen
    assert original == port
    assert sum(port[1].values()) > 1000


def test_transformers_takes_the_device_for_the_vendors(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        from transformers.utils import is_torch_cuda_available, is_torch_npu_available
        print(is_torch_npu_available(), is_torch_cuda_available())
        """,
    )
    assert done.stdout.strip() == "True False", done.stderr
