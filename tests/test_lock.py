"""The lock has stable bytes, says nothing of the machine, and a broken one is one sentence."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from porter.errors import UsageError
from porter.lock import read, render
from porter.model import FilePlan, Finding, Origin, PackUse, Plan, Target, Verdict


def finding(line: int, rule: str = "R1", column: int = 1) -> Finding:
    return Finding("F", "a.py", line, column, Verdict.PORTED, rule, "name", "why", "before", "after")


def file_plan(original: bytes, *findings: Finding, path: str = "a.py") -> FilePlan:
    return FilePlan(path, hashlib.sha256(original).hexdigest(), "python", findings, original, original + b"#")


def plan(*files: FilePlan) -> Plan:
    origin = Origin("模型", "https://example.org/x", "c" * 40, ("dirty.py",))
    return Plan(origin, Target("mlu", "1.17", "2.1", "Cambricon MLU"), (PackUse("mlu", "d" * 64),), files)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9/\xe6\xa8\xa1.py")
    given = plan(file_plan(b"x.cuda()\n", finding(1), path=odd))
    (tmp_path / "porter.lock").write_bytes(render(given, {"style": "native"}, {odd: "0" * 64}))
    lock = read(tmp_path / "porter.lock")
    assert (lock.upstream.name, lock.upstream.dirty, lock.target.torch) == ("模型", ("dirty.py",), "2.1")
    assert lock.files == {odd: hashlib.sha256(b"x.cuda()\n#").hexdigest()}
    assert list(lock.edits) == list(lock.tree) == [odd]
    assert lock.edits[odd][0].verdict == "ported"
    assert lock.options == {"style": "native"}


def test_bytes_are_stable_sorted_and_readable() -> None:
    files = file_plan(b"a\n", finding(1)), file_plan(b"b\n", finding(1), path="b.py")
    one = render(plan(*files), {"b": 1, "a": 2}, {"y": "1", "x": "2"})
    other = render(plan(*reversed(files)), {"a": 2, "b": 1}, {"x": "2", "y": "1"})
    assert one == other
    assert one.endswith(b"}\n")
    assert "模型".encode() in one
    assert list(json.loads(one)) == sorted(json.loads(one))


def test_findings_are_kept_by_their_id_and_words(tmp_path: Path) -> None:
    (tmp_path / "porter.lock").write_bytes(render(plan(file_plan(b"x\n", finding(9, "R2"), finding(1))), {}))
    kept = read(tmp_path / "porter.lock").edits["a.py"]
    assert [(each.rule, each.id, each.line, each.text) for each in kept] == [
        ("R1", "F", 1, "before"),
        ("R2", "F", 9, "before"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: b"", "not a whole"),
        (lambda raw: raw[:-20], "not a whole"),
        (lambda raw: raw + b"\xff", "not a whole"),
        (lambda _: b"[" * 100_000, "not a whole"),
        (lambda raw: raw.replace(b'"target"', b'"tarmac"'), "target"),
        (lambda raw: raw.replace(b'"made_by": "porter"', b'"made_by": "me"'), "not made by porter"),
        (lambda raw: raw.replace(b'"format": 1', b'"format": 2'), "format 2"),
        (lambda raw: raw.replace(b'"format": 1', b'"format": "1"'), "format"),
    ],
)
def test_a_broken_lock_is_one_sentence(tmp_path: Path, change, says: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "porter.lock").write_bytes(change(render(replace(plan(), dependencies=()), {})))
    with pytest.raises(UsageError, match=says):
        read(tmp_path / "porter.lock")


def test_no_lock_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the lock"):
        read(tmp_path / "porter.lock")
