"""What a person changed in a port: known line by line, and never green where nothing ran it and nobody said why."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porter.harness.handwork import handwork, standing
from porter.harness.result import Outcome, Result
from porter.harness.statements import Lines, statement
from porter.lock import LOCK_NAME, read
from porter.settings import read as settings_of

from .conftest import Port, Verify, original

Seeded = Callable[..., tuple[Path, str]]


def the_only(results: list[Result], check: str) -> Result:
    (result,) = [each for each in results if each.check == check]
    return result


@pytest.mark.parametrize("case", ["minimal-gpt", "nasty", "detector", "baichuan-7b"])
def test_nothing_is_found_in_a_port_as_porter_wrote_it(case: str, port: Port) -> None:
    folder = port(case, "npu")
    lock = read(folder / LOCK_NAME)
    for beside in (original(case), None):
        work = handwork(folder, beside, lock, ())
        assert (work.changes, work.gone, work.unknown) == ((), (), ())


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_any_change_of_a_line_is_found(
    data: st.DataObject, port: Port, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the original every one, without it every one of porter's own lines."""
    ported = port("minimal-gpt", "npu")
    lock = read(ported / LOCK_NAME)
    file = data.draw(st.sampled_from(sorted(lock.spans)))
    text = (ported / file).read_bytes()
    lines = text.decode().split("\n")
    number = data.draw(st.sampled_from([n for n, line in enumerate(lines) if line.strip()]))
    owned = number + 1 in {line for line, _ in standing(lock, file, text)}
    lines[number] = data.draw(st.sampled_from(["x = 1", "", f"{lines[number]} + 1"]))
    folder = tmp_path_factory.mktemp("changed") / "port"
    shutil.copytree(ported, folder)
    (folder / file).write_text("\n".join(lines), encoding="utf-8")
    (change,) = handwork(folder, original("minimal-gpt"), lock, ()).changes or (None,)
    assert change is not None and change.file == file
    alone = handwork(folder, None, lock, ())
    if owned and not change.said:
        assert change.owned and alone.changes
    else:
        assert alone.changes or alone.unknown == (file,)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("train.py", "backend = 'hccl'", "backend = 'gloo'", "is about the CPU where the device stood"),
        ("train.py", "device = 'npu' #", "device = 'mlu' #", "names mlu, which is mlu's"),
        ("model.py", "is_causal=True", "is_causal='musa'", "names musa, which is musa's"),
        ("bench.py", "import torch_npu\n", "import torch_npu\nimport torch_mlu\n", "names torch_mlu, which is mlu's"),
    ],
)
def test_a_name_of_another_vendor(file: str, old: str, new: str, said: str, seeded: Seeded, verify: Verify) -> None:
    folder, place = seeded("minimal-gpt", "npu", file, old, new)
    (result,) = verify(folder, original("minimal-gpt"), "static")
    told = " ".join([result.detail, *result.notes])
    assert (result.outcome, said in told) == (Outcome.FAIL, True), result
    assert place.partition(":")[0] in told


@pytest.mark.parametrize(
    ("file", "old", "new", "outcome"),
    [
        ("model.py", "x = x + self.attn(self.ln_1(x))", "x = self.attn(self.ln_1(x)) + x", Outcome.NOT_APPLICABLE),
        ("sample.py", "num_samples = 2", "num_samples = 3", Outcome.FAIL),
        ("sample.py", "model.to(device)\n", "", Outcome.FAIL),
        ("sample.py", "num_samples = 2", "num_samples = 3  # porter: meant", Outcome.NOT_APPLICABLE),
        ("README.md", "# minimal-gpt", "# My minimal-gpt", Outcome.NOT_APPLICABLE),
    ],
)
def test_an_edit_is_run_or_meant(
    file: str, old: str, new: str, outcome: Outcome, seeded: Seeded, verify: Verify
) -> None:
    folder, place = seeded("minimal-gpt", "npu", file, old, new)
    result = the_only(verify(folder, original("minimal-gpt"), "forward", "lines"), "lines")
    assert result.outcome is outcome, result
    if outcome is Outcome.FAIL:
        assert result.detail.startswith(f"{place} ")
        assert "no check that compares ran it" in result.detail


def test_what_ran_in_no_check_is_named(port: Port, verify: Verify) -> None:
    folder = port("minimal-gpt", "npu")
    command = "python train.py --max_iters=1"
    result = the_only(verify(folder, original("minimal-gpt"), "command", "lines", command=command), "lines")
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert any(note.startswith("no check ran bench.py:") for note in result.notes)
    assert not any("device = 'npu' # examples" in note and "train.py" in note for note in result.notes)
    assert 0 < result.seen["ran"] < result.seen["places"]


def test_a_file_without_room_for_a_comment(seeded: Seeded, verify: Verify) -> None:
    folder, _ = seeded(
        "baichuan-7b", "npu", "models/config.json", '"max_position_embeddings": 128', '"max_position_embeddings": 64'
    )
    result = the_only(verify(folder, original("baichuan-7b"), "edits", "lines"), "lines")
    assert (result.outcome, result.detail.partition(" ")[0].partition(":")[0]) == (Outcome.FAIL, "models/config.json")
    (folder / "pyproject.toml").write_text(
        '[tool.porter.verify.meant]\n"models/config.json" = "our own checkpoint"\n', encoding="utf-8"
    )
    told = settings_of(folder).verify
    result = the_only(verify(folder, original("baichuan-7b"), "edits", "lines", settings=told), "lines")
    assert result.outcome is not Outcome.FAIL, result


SOURCE = """\
@wrapped(1)
def f(a, device="npu"):
    '''Words.'''
    x = g(
        a)
    if x:
        y = 1
    # a comment
    return x

z = 3
"""


@pytest.mark.parametrize(
    ("line", "lines"),
    [(1, (4, 5)), (2, (4, 5)), (3, None), (4, (4, 5)), (5, (4, 5)), (6, (6, 6)), (8, None), (10, None), (11, (11, 11))],
)
def test_which_lines_must_run(line: int, lines: Lines | None) -> None:
    """For the head of a function its body."""
    assert statement(ast.parse(SOURCE), line) == lines
