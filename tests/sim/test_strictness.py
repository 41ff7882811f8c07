"""Where hardware refuses, the simulated device refuses: threads, forks, memory, dtypes, missing imports."""

from __future__ import annotations

import pytest

from .conftest import Run

THREAD = """
    import threading, torch, torch_npu
    x = torch.ones(3, device="npu:1")
    torch.npu.set_device(1)
    seen = []

    def work(prepare):
        try:
            prepare()
            seen.append(str((x + 1).device) + " current " + str(torch.npu.current_device()))
        except RuntimeError as error:
            seen.append(str(error).splitlines()[0])

    for prepare in (lambda: None, lambda: torch.npu.set_device(1), lambda: torch.npu.device(1).__enter__()):
        thread = threading.Thread(target=work, args=(prepare,))
        thread.start()
        thread.join()
    print(*seen, sep="\\n")
    (x * torch.ones(3, device=x.device, requires_grad=True)).sum().backward()  # torch's own threads are not concerned
"""


@pytest.mark.parametrize(
    "rule, bare",
    [
        ("strict", "107002"),
        ("device0", "npu:1 current 0"),
        ("inherit", "npu:1 current 1"),
    ],
)
def test_a_thread_that_chose_no_device(simulate: Run, rule: str, bare: str) -> None:
    done = simulate("npu", THREAD, "--devices", "2", "--threads", rule)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert bare in lines[0]
    assert lines[1:] == ["npu:1 current 1"] * 2


def test_threads_of_libraries_are_not_concerned(simulate: Run, tmp_path) -> None:
    library = tmp_path / "site-packages"
    library.mkdir()
    (library / "loader.py").write_text(
        "import threading\ndef load(t, out):\n    w = threading.Thread(target=lambda: out.append(t + 1))\n"
        "    w.start(); w.join()\n"
    )
    done = simulate(
        "npu",
        f"""
        import sys; sys.path.append({str(library)!r})
        import torch, loader
        out = []
        loader.load(torch.ones(2).npu(), out)
        print(out[0].tolist())
        """,
        "--threads",
        "strict",
    )
    assert done.stdout.strip() == "[2.0, 2.0]", done.stderr


def test_a_forked_child_cannot_use_the_device(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        import multiprocessing, torch
        x = torch.ones(2).npu()

        def work():
            try:
                x + 1
            except RuntimeError as error:
                print(error, flush=True)

        child = multiprocessing.get_context("fork").Process(target=work)
        child.start()
        child.join()
        """,
    )
    assert "Cannot re-initialize npu in forked subprocess" in done.stdout, done.stderr


def test_memory_ends_where_it_is_said_to_end(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        import torch
        kept = torch.zeros(3 << 20, dtype=torch.uint8).npu()
        try:
            torch.zeros(2 << 20, dtype=torch.uint8, device="npu")
        except torch.OutOfMemoryError as error:
            print(error)
        try:
            kept.float()
        except torch.OutOfMemoryError:
            print("a result that does not fit")
        del kept
        print(torch.zeros(4 << 20, dtype=torch.uint8, device="npu").numel(), torch.npu.mem_get_info()[1])
        """,
        "--memory",
        "4M",
    )
    first, second, third = done.stdout.splitlines()
    assert "Tried to allocate 2 MiB (npu 0; 4 MiB total capacity; 3 MiB already allocated)" in first
    assert second == "a result that does not fit"
    assert third == f"{4 << 20} {4 << 20}"


DTYPES = """
    import torch, torch_mlu

    def attempt(what, call):
        try:
            call()
            print(what, "fine")
        except RuntimeError as error:
            print(what, "refused:", str(error).splitlines()[0])

    wide = torch.ones(2, dtype=torch.float64)
    attempt("move", lambda: wide.mlu())
    attempt("make", lambda: torch.ones(2, device="mlu").double())
    attempt("cast first", lambda: wide.float().mlu())
    attempt("scaler", scaled := lambda: torch.amp.GradScaler("mlu").scale(torch.ones(1, device="mlu")))
    attempt("bfloat16", lambda: torch.ones(2, device="mlu").bfloat16() + 1)
"""


def test_dtypes_that_the_vendor_lacks(simulate: Run) -> None:
    done = simulate("mlu", DTYPES, "--lacks", "bfloat16")
    move, make, cast, scaler, bf16 = done.stdout.splitlines()
    assert move.startswith("move refused") and "float64 is computed in float32" in move
    assert make.startswith("make refused")
    assert (cast, scaler) == ("cast first fine", "scaler fine")
    assert "this chip has no bfloat16" in bf16


def test_dtypes_are_only_recorded_when_asked(simulate: Run) -> None:
    done = simulate("mlu", DTYPES, "--dtypes", "record")
    assert "refused" not in done.stdout, done.stdout + done.stderr


def test_unscaling_in_torch_is_not_the_repositorys_fault(simulate: Run) -> None:
    """torch.amp.GradScaler computes in float64 itself; that must not fail a port that is right."""
    done = simulate(
        "mlu",
        """
        import torch, torch_mlu
        layer = torch.nn.Linear(2, 2).mlu()
        scaler, optimizer = torch.amp.GradScaler("mlu"), torch.optim.SGD(layer.parameters(), 0.1)
        scaler.scale(layer(torch.ones(1, 2, device="mlu")).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        print("stepped")
        """,
    )
    assert done.stdout.strip() == "stepped", done.stderr


def test_a_missing_import_of_the_vendors_module(simulate: Run) -> None:
    code = "import torch\nprint(torch.ones(2).to('{0}').device)"
    assert simulate("npu", code.format("npu")).stdout.strip() == "npu:0"  # this plug-in is loaded by `import torch`
    for target, option in (("mlu", []), ("npu", ["--no-autoload"])):
        done = simulate(target, code.format(target), *option)
        assert done.returncode != 0
        assert "at start of device string" in done.stderr or f"torch.{target}" in done.stderr
    assert simulate("mlu", "import torch_mlu\n" + code.format("mlu")).stdout.strip() == "mlu:0"


def test_one_device_per_process(simulate: Run) -> None:
    done = simulate(
        "npu",
        """
        import torch
        from portersim.device import install
        from portersim.options import Options
        install(Options("mlu"))
        """,
    )
    assert "this process simulates npu already" in done.stderr


def test_settings_of_the_vendor(simulate: Run) -> None:
    """What torch_mlu adds to torch.backends can be set; what it does not add cannot."""
    done = simulate(
        "mlu",
        """
        import torch, torch_mlu
        assert torch.backends.mlu.matmul.allow_tf32 is False
        torch.backends.mlu.matmul.allow_tf32 = torch.backends.cnnl.allow_tf32 = True
        assert torch.backends.mlu.matmul.allow_tf32 and not torch.backends.mlufusion.enabled
        try:
            torch.backends.mlu.matmul.allow_tf33 = True
        except AttributeError as error:
            print(error)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "torch.backends.mlu.matmul has no allow_tf33" in done.stdout
