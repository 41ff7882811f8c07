"""What is remembered changes no plan, whatever changed since, whatever was done to the file, whoever else writes it."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from porter.cache.memory import Memory
from porter.checkout.source import open_checkout
from porter.model import Plan
from porter.plan import Choice, make_plan

FILES = {
    "train.py": "import torch\nfrom helper import place\n\nplace(x, 'cuda')\nmodel.cuda()\n",
    "helper.py": "def place(value, name):\n    return value\n",
    "plain.py": "x = 1\n",
    "run.sh": "export CUDA_VISIBLE_DEVICES=0\npython train.py\n",
    "broken.py": "print 'cuda'\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def plan(root: Path, cache: Path | None, target: str = "npu") -> Plan:
    with open_checkout(str(root)) as checkout:
        return make_plan(checkout, Choice(target), cache=cache)


def stored(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def test_a_remembered_plan_is_the_plan(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    assert plan(root, cache) == plan(root, cache) == plan(root, None)
    reused: list[int] = []
    save = Memory.save
    monkeypatch.setattr(Memory, "save", lambda self: (reused.append(self.reused), save(self))[1])
    plan(root, cache)
    assert reused == [3]  # all but those that can hold no site


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("helper.py", "def place(value, device):\n    return value\n"),  # now the string is a device
        ("helper/__init__.py", "def place(value, device):\n    return value\n"),
        ("torch/__init__.py", ""),  # now torch is the repository's own
        ("car.py", "class Car:\n    def cuda(self):\n        return self\n"),
        ("train.py", "x = 1\n"),
        ("plain.py", "y.cuda()\n"),
    ],
)
def test_what_other_files_say_is_asked_again(root: Path, tmp_path: Path, name: str, text: str) -> None:
    cache = tmp_path / "cache"
    plan(root, cache)
    if name.startswith("helper/"):
        (root / "helper.py").unlink()
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)
    assert plan(root, cache) == plan(root, None)
    assert plan(root, cache) == plan(root, None)


def test_another_target_and_other_rules_are_another_memory(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    plan(root, cache)
    assert plan(root, cache, "mlu") == plan(root, None, "mlu")
    with open_checkout(str(root)) as checkout:
        choice = Choice("npu", only=("DEV002",))
        assert make_plan(checkout, choice, cache=cache) == make_plan(checkout, choice)
    assert plan(root, cache) == plan(root, None)


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda d: d[:-9], lambda d: d[:200] + b"x" + d[201:], lambda _: b"\0" * 300]
)
def test_a_broken_memory_is_an_empty_one(root: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    cache = tmp_path / "cache"
    plan(root, cache)
    (file,) = stored(cache)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert plan(root, cache) == plan(root, None)
    assert file.read_bytes() == whole


def test_a_memory_that_cannot_be_written_stops_nothing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert plan(root, tmp_path / "cache") == plan(root, None)


def test_many_at_once(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=plan, args=(root, cache)) for _ in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0] * 4
    assert len(stored(cache)) == 1 and plan(root, cache) == plan(root, None)


def test_whether_other_files_use_an_import_is_asked_again(root: Path, tmp_path: Path) -> None:
    cache, text = (
        tmp_path / "cache",
        "from xformers import ops\ndef f(q, xformers):\n    return ops(q) if xformers else q\n",
    )
    (root / "attend.py").write_text(text, encoding="utf-8")
    plan(root, cache)
    assert [f.rule for f in plan(root, cache).findings if f.file == "attend.py"] == ["PKG016"]
    (root / "other.py").write_text("from attend import ops\n", encoding="utf-8")
    assert [f.rule for f in plan(root, cache).findings if f.file == "attend.py"] == ["PKG001"]
