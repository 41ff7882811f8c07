"""Every message that is said to be measured is produced here, by the torch that is installed, and explained."""

from __future__ import annotations

import subprocess
import sys

import pytest

from porter.diagnosis.match import diagnose
from porter.diagnosis.signatures import table

# What provokes each message on a torch for CPU. A group runs in one process, which prints the end of each traceback.
SNIPPETS = {
    "E001": "torch.zeros(1).cuda()",
    "E002": "torch.zeros(1, device='xpu')",
    "E003": "torch.device('npu')",
    "E004": "torch.npu",
    "E005": "torch.zeros(1).npu()",
    "E006": "import torch.hpu",
    "E007": "torch.cuda.set_device(0)",
    "E008": "torch.cuda.Stream()",
    "E009": "torch.cuda.Event()",
    "E010": "torch.set_default_tensor_type('torch.cuda.FloatTensor')",
    "E011": "torch.cuda.nvtx.range_push('x')",
    "E012": "torch.Generator(device='cuda')",
    "E013": "torch.accelerator.synchronize()",
    "E014": "torch.load(cuda_checkpoint())",
    "E015": "dist.init_process_group('nccl', store=dist.HashStore(), rank=0, world_size=1)",
    "E016": "dist.init_process_group('hccl', store=dist.HashStore(), rank=0, world_size=1)",
    "E017": "dist.init_process_group('xccl', store=dist.HashStore(), rank=0, world_size=1)",
    "E018": "from torch.utils.cpp_extension import _join_cuda_home as j; j('x')",
    "E019": "torch.compile(torch.nn.Linear(1, 1), backend='npu')(torch.zeros(1, 1))",
    "E020": "torch.profiler.ProfilerActivity.NPU",
    "E021": "torch.cuda.utilization()",
    "E022": "torch.xpu.memory_summary()",
    "E023": "torch.cuda.nccl.version()",
}

PROVOKE = """
import sys, traceback, warnings
warnings.simplefilter("ignore")
import torch, torch.distributed as dist

def cuda_checkpoint():
    import io, zipfile
    whole = io.BytesIO()
    torch.save(torch.zeros(1), whole)
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole.getvalue())) as old, zipfile.ZipFile(changed, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename.endswith("data.pkl"):  # what a checkpoint from a GPU says of its storage
                data = data.replace(b"X\\x03\\x00\\x00\\x00cpu", b"X\\x06\\x00\\x00\\x00cuda:0")
            new.writestr(item.filename, data)
    return io.BytesIO(changed.getvalue())

for name, snippet in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        exec(snippet)
        print(name, "\\tnothing", flush=True)
    except BaseException as error:
        print(name + "\\t" + " ".join(traceback.format_exception_only(error)[-1].split()), flush=True)
"""


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What torch says to each snippet."""
    pairs = [word for pair in SNIPPETS.items() for word in pair]
    run = subprocess.run(
        [sys.executable, "-c", PROVOKE, *pairs], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    return dict(line.split("\t", 1) for line in run.stdout.splitlines() if "\t" in line)


@pytest.mark.parametrize("signature", sorted(SNIPPETS))
def test_a_measured_message_is_produced_and_explained(signature: str, said: dict[str, str]) -> None:
    found = [match.signature.id for match in diagnose(said[signature]).matches]
    assert found[:1] == [signature], said[signature]


def test_no_measured_message_is_left_out() -> None:
    # E073 is what pip says of a wheel that only the vendor's index has; it needs no torch.
    measured = {signature.id for signature in table().signatures if signature.evidence == "measured"}
    assert measured == {*SNIPPETS, "E073"}


def test_what_pip_says_of_the_vendors_pin_is_explained() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-index", "--dry-run", "torch==2.6.0+cpu"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode != 0
    assert [match.signature.id for match in diagnose(run.stderr).matches] == ["E073"]
