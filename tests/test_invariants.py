"""What holds for every port, over the fixtures and over programs that hypothesis makes up."""

from __future__ import annotations

import ast
import io
import json
import os
import random
import re
import subprocess
import sys
import tokenize
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labels import FIXTURES, cases, targets

from porter import plan as planning
from porter.checkout.source import open_checkout
from porter.checkout.walk import Entry, walk
from porter.context import Context
from porter.lock import render as lock_of
from porter.model import FilePlan, Plan, Verdict
from porter.packs.load import load
from porter.plan import Choice, make_plan
from porter.python.methods import definitions
from porter.python.planner import plan_python
from porter.python.signatures import Files
from porter.report import render
from porter.report.as_json import schema
from porter.targets.catalog import names, resolve
from porter.targets.sheet import read
from porter.triage import Triage

PROJECT = Path(__file__).parent.parent
PAIRS = [(case, target) for case in cases() for target in targets(case)]
EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


class Everything(Triage):
    """No prefilter: every file concerns porter, and so does every byte of it."""

    def concerns(self, data: bytes) -> bool:
        del data
        return True

    def hits(self, data: bytes) -> list[int]:
        return [0, *(found.end() for found in re.finditer(rb"\r\n?|\n", data))]


@cache
def context(spec: str, triage: type[Triage] = Triage) -> Context:
    target, surface = resolve(spec)
    pack = load(target)
    return Context(pack, target, surface, triage(pack), Files([], lambda _: None), {})


def planned(source: str, target: str = "npu", triage: type[Triage] = Triage) -> FilePlan:
    """The plan of a program, as a checkout with this single file would get it."""
    raw = source.encode()
    own: dict[str, set[str]] = {}
    for name, method in definitions(ast.parse(raw), {"cuda", "is_cuda"}):
        own.setdefault(method, set()).add(name)
    whole = replace(context(target, triage), own_methods={method: frozenset(found) for method, found in own.items()})
    made, problems = plan_python(Entry("a.py", "python", len(raw), False, 0o644, True), raw, whole)
    assert problems == []
    return made or FilePlan("a.py", "", "python", (), raw, raw)


def facts(file: FilePlan) -> tuple[bytes, list[object]]:
    """What a plan does and asks for; what is kept is not a matter of the prefilter."""
    return file.ported, [replace(f, id="") for f in file.findings if f.verdict is not Verdict.KEPT]


# -- programs ----------------------------------------------------------------------------------------------------------

IMPORTS = """
import torch
import torch as th
import os, torch, sys
from torch import cuda
from torch import cuda as c, nn
import torch.cuda
import torch.cuda as tc
from torch.cuda import empty_cache as clear, set_device
from torch.cuda.amp import autocast, GradScaler
import torch.distributed as dist
from torch.utils.data import DataLoader
import pynvml
import apex
from . import cuda
import torch.backends.cudnn as cudnn
from torch import *
import numba.cuda as nc
from torch.cuda import nccl
import numpy as np
""".strip().splitlines()

# A \\n stands for the end of a line within a statement.
STATEMENTS = r"""
x = torch.zeros(2).cuda()
x = x.cuda(0, non_blocking=True)
model.cuda().half()
self.cuda(1)
y = th.cuda.device_count()
cuda.synchronize()
c.empty_cache()
tc.set_device(0)
clear(); set_device(1)
with autocast(): pass
scaler = GradScaler()
torch.cuda.set_device(rank)
device = "cuda"
device = torch.device('cuda:0' if torch.cuda.is_available() else "cpu")
model.to(device)
model.to(0)
model.to(f"cuda:{rank}")
d = "cuda:" + str(i)
d = "cuda:%d" % i
d = "cuda:{}".format(i)
if x.is_cuda: pass
if x.device.type == "cuda": pass
if "cuda" in str(device): pass
print("cuda is not there")
dist.init_process_group("nccl", rank=0)
dist.init_process_group(backend='nccl')
torch.cuda.CUDAGraph()
torch.cuda.nvtx.range_push("a")
os.environ["CUDA_VISIBLE_DEVICES"] = "0"
os.environ.get("NCCL_DEBUG")
parser.add_argument("--device", default="cuda", help="cuda or cpu")
parser.add_argument("--no_cuda", action="store_true")
state = torch.load(p, map_location={"cuda:0": "cuda:1"})
t = torch.cuda.FloatTensor(3)
if x.type() == "torch.cuda.FloatTensor": pass
m = torch.load(p, map_location=lambda s, l: s.cuda())
# a comment about cuda
"cuda"
x: "torch.cuda.Stream" = None
torch.backends.cudnn.benchmark = True
cudnn.deterministic = True
raise ValueError("needs cuda")
fn = torch.cuda.current_device
getattr(torch, "cuda").init()
hasattr(torch, "cuda")
use_cuda = args.cuda
major, minor = torch.cuda.get_device_capability()
if major >= 8: pass
names = {"cuda": 1, "cpu": 2}
url = "https://example.org/cuda.html"
torch.cuda.mystery()
torch.cuda.memory.mystery(1)
del cuda
torch = None
async_ = torch.cuda.Stream(); async_.wait_stream(s)
x = (torch\n    .cuda  # keep\n    .current_stream())
assert torch.version.cuda
nc.jit(f)
subprocess.run(["nvidia-smi"])
x = f"{torch.cuda.device_count()} gpus"
with torch.cuda.device(0), torch.cuda.stream(s): pass
@torch.cuda.amp.custom_fwd\ndef forward(ctx): pass
lambda cuda: cuda.is_available()
""".strip().splitlines()

FRAMES = [
    "{}",
    "def f(torch, device='cuda'):\n{}",
    "def f(x, cuda=True):\n{}",
    "def chat(self, query):\n{}",
    "class Model:\n    '''About cuda.'''\n    def cuda(self):\n{}",
    "class Net(nn.Module):\n    def generate(self, x):\n        x = self.device\n{}",
    "if torch.cuda.is_available():\n{}",
    "try:\n{}\nexcept RuntimeError as e:\n    if 'CUDA out of memory' in str(e): pass",
    "async def f():\n{}",
    "for i in range(torch.cuda.device_count()):\n{}",
]


def _indented(text: str, by: str) -> str:
    return "\n".join(by + line for line in text.split("\n"))


@st.composite
def _blocks(draw: st.DrawFn) -> str:
    frame = draw(st.sampled_from(FRAMES))
    body = "\n".join(draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=4))).replace("\\n", "\n")
    if frame == "{}":
        return body
    depth = "        " if frame.startswith("class") else "    "
    return frame.format(_indented(f"pass\n{body}", depth))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Small modules that mix aliases, literals, messages, comments, methods."""
    head = draw(
        st.sampled_from(
            [
                "",
                '"""About cuda."""\n',
                "#!/usr/bin/env python\n# cuda\n",
                '"""A."""\nfrom __future__ import annotations\n',
            ]
        )
    )
    imports = draw(st.lists(st.sampled_from(IMPORTS), max_size=4, unique=True))
    text = head + "\n".join([*imports, *draw(st.lists(_blocks(), min_size=1, max_size=3))])
    text += draw(st.sampled_from(["\n", "", "\n\n# end"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def comments(source: bytes) -> list[str]:
    found = tokenize.generate_tokens(io.StringIO(source.decode(), newline="").readline)
    return [token.string for token in found if token.type == tokenize.COMMENT]


@EXAMPLES
@given(programs(), st.sampled_from(names()))
def test_the_port_parses_settles_and_keeps_what_is_for_readers(source: str, target: str) -> None:
    file = planned(source, target)
    ast.parse(file.ported)
    assert comments(file.ported) == comments(file.original)
    for text in (b"About cuda.", b"cuda is not there", b"needs cuda", b"cuda or cpu", b"example.org/cuda.html"):
        assert file.ported.count(text) == file.original.count(text)
    again = planned(file.ported.decode(), target)
    assert [(f.line, f.rule, f.before) for f in again.findings if f.edits and f.verdict is Verdict.PORTED] == []


@EXAMPLES
@given(programs(), st.sampled_from(names()))
def test_the_prefilter_changes_nothing(source: str, target: str) -> None:
    assert facts(planned(source, target)) == facts(planned(source, target, Everything))


@EXAMPLES
@given(programs(), st.sampled_from(names()))
def test_every_place_has_a_verdict_and_each_is_told_once(source: str, target: str) -> None:
    file = planned(source, target)
    lines = file.original.replace(b"\r\n", b"\n").split(b"\n")
    told = {f.line + more for f in file.findings for more in range(max(1, len(f.before.splitlines())))}
    words = context(target).pack.vocabulary
    silent = [
        line for number, line in enumerate(lines, 1) if number not in told and any(w.encode() in line for w in words)
    ]
    assert silent == []
    assert len({f.id for f in file.findings}) == len(file.findings)
    for finding in file.findings:
        assert not (finding.verdict in (Verdict.MANUAL, Verdict.KEPT) and finding.edits)
        assert finding.why
        assert bool(finding.edits) == (finding.before != finding.after), finding
    assert sum(len(f.edits) for f in file.findings) > 0 or not file.changed


@EXAMPLES
@given(programs())
def test_what_the_port_says_is_at_its_line(source: str) -> None:
    file = planned(source)
    lines = file.original.decode().replace("\r\n", "\n").split("\n")
    for finding in file.findings:
        if finding.before:
            assert lines[finding.line - 1].strip() == finding.before.replace("\r\n", "\n").split("\n")[0].strip()


# -- fixtures ----------------------------------------------------------------------------------------------------------


def plan_of(case: str, target: str) -> Plan:
    with open_checkout(str(FIXTURES / case / "in")) as checkout:
        return make_plan(checkout, Choice(target))


plan_once = cache(plan_of)


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_a_second_port_changes_nothing(case: str, target: str, tmp_path: Path) -> None:
    made = plan_once(case, target)
    with open_checkout(str(FIXTURES / case / "in")) as checkout:
        from porter.port import write_sibling

        write_sibling(made, checkout, tmp_path / case, {}, {})
    with open_checkout(str(tmp_path / case)) as checkout:
        again = make_plan(checkout, Choice(target))
    assert [(f.file, f.line, f.rule, f.before) for f in again.findings if f.edits and f.verdict is Verdict.PORTED] == []


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_every_finding_reaches_the_report_and_the_counts_add_up(case: str, target: str) -> None:
    made = plan_once(case, target)
    report = json.loads(render(made, "json"))
    jsonschema.validate(report, schema())
    assert {f["id"]: f["verdict"] for f in report["findings"]} == {f.id: f.verdict.value for f in made.findings}
    assert len(report["findings"]) == len(made.findings) == report["summary"]["found"]
    assert sum(report["summary"][verdict.value] for verdict in Verdict) == report["summary"]["found"]
    assert [problem["file"] for problem in report["problems"]] == sorted(
        problem["file"] for problem in report["problems"]
    )
    assert len(report["problems"]) == len(made.problems) == report["summary"]["unread"]
    text = render(made, "markdown")
    for finding in made.findings:
        assert finding.rule in text or finding.verdict is Verdict.KEPT


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_the_prefilter_changes_nothing_in_a_fixture(case: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "Triage", Everything)
    off = plan_of(case, target)
    on = plan_once(case, target)
    loud = [[facts(file) for file in made.files if file.kind == "python" and facts(file)[1]] for made in (on, off)]
    assert loud[0] == loud[1]


@pytest.mark.parametrize(("case", "target"), PAIRS)
def test_the_order_of_files_means_nothing(case: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = plan_once(case, target)
    for seed in range(3):

        def shuffled(root: Path, seed: int = seed) -> list[Entry]:
            entries = walk(root)
            random.Random(seed).shuffle(entries)
            return entries

        monkeypatch.setattr(planning, "walk", shuffled)
        assert plan_of(case, target) == wanted


@pytest.mark.parametrize("case", cases())
def test_the_same_bytes_in_every_process(case: str) -> None:
    code = (
        "import sys, hashlib\n"
        "from porter.checkout.source import open_checkout\n"
        "from porter.plan import Choice, make_plan\n"
        "from porter.report import formats, render\n"
        "from porter.lock import render as lock\n"
        "with open_checkout(sys.argv[1]) as checkout:\n"
        "    plan = make_plan(checkout, Choice(sys.argv[2]))\n"
        "digest = lambda text: hashlib.sha256(text).hexdigest()\n"
        "for form in formats(): print(form, digest(render(plan, form).encode('utf-8', 'replace')))\n"
        "print(digest(lock(plan, {})))\n"
    )
    command = [sys.executable, "-c", code, str(FIXTURES / case / "in"), targets(case)[0]]
    shown = {
        subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(shown) == 1
    here = lock_of(plan_once(case, targets(case)[0]), {})
    import hashlib

    assert shown.pop().endswith(hashlib.sha256(here).hexdigest() + "\n")


@pytest.mark.parametrize("target", names())
def test_the_texts_that_rules_ignore_stay_byte_identical(target: str) -> None:
    for rule in context(target).pack.rules:
        for text in rule.ignores:
            assert planned(text, target).ported == text.encode(), rule.id


# -- names that a target lacks -----------------------------------------------------------------------------------------


def missing(target: str) -> list[str]:
    sheet = read(PROJECT / "rules" / "targets" / f"{target}.yaml")
    return sorted(name for name, entry in {**sheet.modules, **sheet.names}.items() if entry.missing)


@pytest.mark.parametrize(("target", "name"), [(target, name) for target in names() for name in missing(target)])
def test_a_name_that_the_target_lacks_is_never_written(target: str, name: str) -> None:
    home, _, last = name.rpartition(".")
    for source in (
        f"import torch\n{name}\n",
        f"import torch as th\nth{name.removeprefix('torch')}(1)\n",
        f"from {home} import {last}\n",
    ):
        file = planned(source, target)
        assert last in file.ported.decode(), file.ported
        for wrong in (f"torch.{target}", f"torch_{target}"):
            assert f"{wrong}{name.removeprefix('torch.cuda')}" not in file.ported.decode()
        assert {f.verdict for f in file.findings} >= {Verdict.MANUAL}, (source, file.findings)


@pytest.mark.parametrize("spec", ["npu@2.1", "npu", "mlu@2.1", "mlu"])
def test_only_a_name_of_the_surface_is_written(spec: str) -> None:
    _, surface = resolve(spec)
    for name in sorted(surface.sheet.names):
        answer = surface.look(name)
        file = planned(f"import torch\nx = {name}\n", spec)
        ported = file.ported.decode()
        if answer.status == "missing":
            assert f"x = {name}\n" in ported, (name, answer)
            assert Verdict.MANUAL in {f.verdict for f in file.findings}, name
        elif answer.name:
            assert f"x = {name}\n" in ported or f"x = {answer.name}\n" in ported, (name, answer, ported)
