"""Two processes through torchrun: collectives, DDP, FSDP, with the vendor's backend and with nccl on simulated CUDA."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from .conftest import Run

STEPS = """
    import copy, os, torch, torch.distributed as dist
    from torch import nn

    name, backend, rank = "{name}", "{backend}", int(os.environ["LOCAL_RANK"])
    {imports}
    torch.set_num_threads(1)
    getattr(torch, name).set_device(rank)
    dev = torch.device(name, rank)
    dist.init_process_group(backend)
    assert dist.get_backend() == backend

    t = torch.full((3,), float(rank + 1), device=dev)
    dist.all_reduce(t)
    assert t.tolist() == [3.0] * 3 and t.device == dev
    out = torch.zeros(4, device=dev)
    dist.all_gather_into_tensor(out, torch.full((2,), float(rank), device=dev))
    assert out.tolist() == [0, 0, 1, 1]
    part = torch.zeros(2, device=dev)
    dist.reduce_scatter_tensor(part, torch.arange(4.0, device=dev))
    assert part.tolist() == [4.0 * rank, 4.0 * rank + 2]
    gathered = [torch.zeros(2, device=dev) for _ in range(2)]
    dist.all_gather(gathered, torch.full((2,), float(rank), device=dev))
    assert [g[0].item() for g in gathered] == [0, 1]
    dist.all_reduce(t, async_op=True).wait()
    if rank == 0:
        dist.send(t, 1)
    else:
        dist.recv(t, 0)
    names = [None, None]
    dist.all_gather_object(names, rank)
    assert names == [0, 1]
    dist.barrier()

    try:
        dist.all_reduce(torch.ones(2))
        raise SystemExit("a CPU tensor was accepted")
    except RuntimeError as error:
        assert "No backend type associated with device type cpu" in str(error), error

    def make():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))

    torch.manual_seed(1)
    x = torch.randn(8, 4)
    alone = make()
    optimizer = torch.optim.SGD(alone.parameters(), 0.1)
    alone(x).square().mean().backward()
    optimizer.step()

    def check(net, params):
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        net(x[rank * 4 : rank * 4 + 4].to(dev)).square().mean().backward()
        optimizer.step()
        for p, q in zip(alone.parameters(), params(net)):
            assert torch.allclose(p, q.detach().cpu(), atol=1e-6), (p, q)

    ddp = nn.parallel.DistributedDataParallel(make().to(dev), device_ids=[rank], output_device=rank)
    check(ddp, lambda net: net.module.parameters())
    for _ in range(3):  # from the second step on DDP measures itself
        ddp(x.to(dev)).sum().backward()

    from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
    from torch.distributed.device_mesh import init_device_mesh
    mesh = init_device_mesh(name, (2,))
    sharded = make().to(dev)
    fully_shard(sharded[0], mesh=mesh)
    fully_shard(sharded, mesh=mesh)
    check(sharded, lambda net: [p.full_tensor() for p in net.parameters()])

    fsdp = FullyShardedDataParallel(make().to(dev), device_id=dev)
    def whole(net):
        with FullyShardedDataParallel.summon_full_params(net):
            return [p.clone().reshape(-1) for p in net.parameters()]
    optimizer = torch.optim.SGD(fsdp.parameters(), 0.1)
    fsdp(x[rank * 4 : rank * 4 + 4].to(dev)).square().mean().backward()
    optimizer.step()
    flat = torch.cat([p.detach().reshape(-1) for p in alone.parameters()])
    assert torch.allclose(torch.cat(whole(fsdp)).cpu()[: flat.numel()], flat, atol=1e-6)

    dist.destroy_process_group()
    print("rank", rank, "done")
"""


@pytest.mark.parametrize(
    "target, backend, imports", [("npu", "hccl", ""), ("mlu", "cncl", "import torch_mlu"), ("cuda", "nccl", "")]
)
def test_two_processes(simulate: Run, target: str, backend: str, imports: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(STEPS).format(name=target, backend=backend, imports=imports), encoding="utf-8")
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    trace = ["--trace", str(tmp_path / "trace.json")] if target == "npu" else []
    done = simulate(target, launch, "--devices", "2", *trace, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("done") == 2
    if trace:
        assert (tmp_path / "trace-rank0.json").is_file()
        assert (tmp_path / "trace-rank1.json").is_file()


def test_the_wrong_backend_is_refused(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        import torch, torch.distributed as dist
        try:
            dist.init_process_group("nccl", init_method="tcp://127.0.0.1:0", rank=0, world_size=1)
        except RuntimeError as error:
            print(error)
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        try:
            dist.all_reduce(torch.ones(1).npu())
        except RuntimeError as error:
            print(error)
        """,
    )
    assert "NCCL built in" in done.stdout
    assert "No backend type associated with device type npu" in done.stdout
