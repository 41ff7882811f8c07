"""Bugs that ports have, put into correct ones: a check must fail, and say where."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from porter.harness.result import Outcome, Result

from .conftest import Verify, migrate, original, seed

Seeded = Callable[..., tuple[Path, str]]
RANKS = "env RANK=0 LOCAL_RANK=0 WORLD_SIZE=1 MASTER_ADDR=127.0.0.1 MASTER_PORT=29517 "
NORM = "logits = self.lm_head(self.ln_f(x))"
ROTATED = "return torch.cat((turned.flatten(3), passed), dim=-1)"


def failed(results: list[Result], outcome: Outcome = Outcome.FAIL) -> str:
    bad = [result for result in results if result.outcome is outcome]
    assert bad, [(result.check, result.outcome, result.detail) for result in results]
    return " ".join([bad[0].detail, *bad[0].notes])


@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_leftover_cuda_call(target: str, seeded: Seeded, verify: Verify) -> None:
    folder, place = seeded("minimal-gpt", target, "model.py", NORM, f"{NORM}.cuda()")
    for check in ("static", "forward"):
        assert place in failed(verify(folder, original("minimal-gpt"), check)), check


def test_leftover_cuda_at_import(seeded: Seeded, verify: Verify) -> None:
    fast = "FAST = torch.cuda.is_available()\n\n\n@dataclass"
    folder, place = seeded("minimal-gpt", "npu", "model.py", "@dataclass", fast)
    said = failed(verify(folder, original("minimal-gpt"), "import"))
    assert place in said
    assert "torch.cuda.is_available" in said


@pytest.mark.parametrize(
    ("case", "target", "file"), [("chatglm2-6b", "npu", "modeling_chatglm.py"), ("detector", "mlu", "engine.py")]
)
def test_missing_vendor_import(case: str, target: str, file: str, seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded(case, target, file, f"import torch_{target}\n", "")
    said = failed(verify(folder, None, "static"))
    assert f"and the file does not import torch_{target}" in said
    assert f"{file}:" in said


def test_missing_vendor_import_when_run(seeded: Seeded, verify: Verify) -> None:
    """Without it there is no such device, on every release that `import torch` alone does not load."""
    folder, _ = seeded("chatglm2-6b", "npu", "modeling_chatglm.py", "import torch_npu\n", "")
    assert "npu" in failed(verify(folder, original("chatglm2-6b"), "forward"))


@pytest.mark.parametrize("wrong", ["cncl", "nccl"])
def test_wrong_backend(wrong: str, seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "npu", "train.py", "backend = 'hccl'", f"backend = '{wrong}'")
    said = failed(verify(folder, original("minimal-gpt"), "command", command=RANKS + "python train.py --max_iters=1"))
    assert "train.py:" in said
    assert wrong in said.lower()


@pytest.mark.parametrize("target", ["npu", "mlu"])
def test_mixed_devices(target: str, seeded: Seeded, verify: Verify) -> None:
    mixed = 'passed = passed.to("cpu")\n    ' + ROTATED
    folder, place = seeded("chatglm2-6b", target, "modeling_chatglm.py", ROTATED, mixed)
    file, _, line = place.partition(":")
    for check in ("forward", "train-step"):
        said = failed(verify(folder, original("chatglm2-6b"), check))
        assert f"{file}:{int(line) + 1}" in said
        assert "same device" in said


def test_float64_on_mlu(seeded: Seeded, verify: Verify) -> None:
    folder, place = seeded(
        "minimal-gpt", "mlu", "model.py", NORM, "logits = self.lm_head(self.ln_f(x).double().float())"
    )
    said = failed(verify(folder, original("minimal-gpt"), "forward"))
    assert place in said
    assert "float64" in said


def test_changed_constant(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("chatglm2-6b", "npu", "modeling_chatglm.py", "1.0 / (10000 **", "1.0 / (1000 **")
    said = failed(verify(folder, original("chatglm2-6b"), "forward"))
    assert "The outputs differ by up to" in said
    assert "first module that differs is layers.0.dense" in said
    assert "weights" not in said


def test_changed_initialisation(seeded: Seeded, verify: Verify) -> None:
    wide = "module.weight.data.normal_(mean=0.0, std=2 * self.config.initializer_range)"
    here = "module.weight.data.normal_(mean=0.0, std=self.config.initializer_range)"
    folder, _ = seeded("baichuan-7b", "npu", "models/modeling_baichuan.py", here, wide)
    assert "the weights differ" in failed(verify(folder, original("baichuan-7b"), "forward"))


def test_port_that_stays_on_the_cpu(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "npu", "bench.py", "device = 'npu:0'", "device = 'cpu'")
    seed(folder / "bench.py", "    end.record()", "    pass", "bench.py")
    seed(folder / "bench.py", "    start.record()", "    pass", "bench.py")
    said = failed(verify(folder, original("minimal-gpt"), "command", command="python bench.py"))
    assert "the port stays on the CPU" in said or "bench.py:" in said


def test_a_comparison_that_is_still_about_cuda(seeded: Seeded, verify: Verify) -> None:
    """Nothing fails when it runs: the port just never takes the branch."""
    folder, place = seeded("minimal-gpt", "npu", "model.py", 'device_type == "npu"', 'device_type == "cuda"')
    assert place in failed(verify(folder, None, "static"))


def test_mixed_precision_that_is_off(seeded: Seeded, verify: Verify) -> None:
    """It ends and prints the same, in float32."""
    folder, _ = seeded("minimal-gpt", "npu", "bench.py", "torch.autocast('npu'", "torch.autocast('cpu'")
    said = failed(verify(folder, original("minimal-gpt"), "command", commands=("python bench.py",)))
    assert "less of the work is done on npu" in said
    assert "copies within the device" in said


def test_another_number_is_printed(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "npu", "train.py", "learning_rate = 1e-3", "learning_rate = 1e-2")
    command = "python train.py --max_iters=12"
    assert "The original prints `iter 10: loss" in failed(
        verify(folder, original("minimal-gpt"), "command", command=command)
    )


def test_missing_set_device_in_a_thread(tmp_path: Path, verify: Verify) -> None:
    """107002: a chat method that does not choose the device in its thread."""
    checkout = tmp_path / "chat"
    shutil.copytree(original("chatglm2-6b"), checkout)
    model = checkout / "modeling_chatglm.py"
    model.write_text(model.read_text(encoding="utf-8").replace("inference_mode", "no_grad"), encoding="utf-8")
    folder = migrate(checkout, "npu", tmp_path / "chat_npu")
    (good,) = [r for r in verify(folder, checkout, "chat-thread") if "ForConditional" in r.subject]
    assert good.outcome is Outcome.PASS
    assert good.seen["calls"] == [f"{name} on device {number}" for number in (0, 1) for name in ("chat", "stream_chat")]

    ported = folder / "modeling_chatglm.py"
    lines = ported.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if "torch.npu.set_device" not in line]
    assert len(kept) < len(lines)
    ported.write_text("".join(kept), encoding="utf-8")
    said = failed(verify(folder, checkout, "chat-thread"))
    assert "107002" in said
    assert "modeling_chatglm.py:" in said


def test_a_file_that_does_not_compile(seeded: Seeded, verify: Verify) -> None:
    folder, place = seeded("minimal-gpt", "npu", "bench.py", "def main():", "def main(:")
    assert place in failed(verify(folder, None, "static"))


def test_a_name_that_the_target_lacks(seeded: Seeded, verify: Verify) -> None:
    folder, place = seeded("detector", "mlu", "engine.py", "torch.mlu.empty_cache()", "torch.mlu.jiterator()")
    said = failed(verify(folder, None, "static"))
    assert place in said, said


def test_a_name_that_nobody_has(seeded: Seeded, verify: Verify) -> None:
    """Of such a name the simulator alone cannot tell whether the vendor has it."""
    folder, place = seeded("detector", "npu", "engine.py", "torch.npu.synchronize(device)", "torch.npu.sync(device)")
    said = failed(verify(folder, original("detector"), "static"))
    assert f"{place} uses torch.npu.sync, which neither torch.cuda has" in said


def test_another_vendors_module(seeded: Seeded, verify: Verify) -> None:
    """In a file that names the device in strings only."""
    folder, _ = seeded("detector", "npu", "main.py", "import torch_npu\n", "import torch_mlu\n")
    assert "main.py:1 no longer imports torch_npu" in failed(verify(folder, original("detector"), "static"))


def test_a_script_that_never_ends(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded("minimal-gpt", "npu", "bench.py", "import time\n", "import time\nwhile True: time.sleep(1)\n")
    results = verify(folder, original("minimal-gpt"), "command", command="python bench.py", seconds=12)
    assert "was stopped" in failed(results, Outcome.HANG)


def test_a_module_whose_import_never_ends(seeded: Seeded, verify: Verify) -> None:
    never = "threading.Event().wait()\n\n\n@dataclass"
    folder, _ = seeded("minimal-gpt", "npu", "model.py", "@dataclass", f"import threading\n{never}")
    said = failed(verify(folder, original("minimal-gpt"), "import", seconds=16))
    assert "model.py cannot be imported: it was not done in time" in said


def test_a_script_that_eats_memory(seeded: Seeded, verify: Verify) -> None:
    eats = "import time\nimport torch\nx = [torch.ones(2**27) for _ in range(99)]\n"
    folder, _ = seeded("minimal-gpt", "npu", "bench.py", "import time\n", eats)
    results = verify(folder, original("minimal-gpt"), "command", command="python bench.py", memory=4 * 2**30)
    assert "more memory than it may" in failed(results)


def test_another_number_is_written(seeded: Seeded, verify: Verify) -> None:
    """Into a file, to its last digit, where what is printed is rounded."""
    folder, _ = seeded("detector", "npu", "engine.py", "max_norm: float = 0.1", "max_norm: float = 10.0")
    command = 'sh -c "mkdir out && python main.py --output_dir out"'
    results = verify(folder, original("detector"), "command", command=command)
    assert "The original prints `out/log.txt: " in failed(results)
