"""Ported requirements under pip's own resolver: it asks the package index, and the target's torch is never replaced."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from labels import FIXTURES

from porter.checkout.source import open_checkout
from porter.model import FilePlan, Plan, Verdict
from porter.pins.pairs import Pairs
from porter.plan import Choice, make_plan
from porter.requirements import lists

# What pip is not asked for, since porter leaves the line to a person: named, so that nothing goes missing in silence.
LEFT = {
    "artefacts": {"xformers"},
    "baichuan-7b": {"deepspeed==0.9.2", "xformers==0.0.20"},
    "detector": set[str](),
    "pinned": {
        "git+https://github.com/huggingface/peft.git@main",
        "torch @ https://download.pytorch.org/whl/cu118/torch-2.0.1%2Bcu118-cp310-cp310-linux_x86_64.whl",
        "torch==2.0.1",  # a constraint with the hash of a build for CUDA
    },
}
VENDORS = ("torch", "torchvision", "torchaudio")
PYTHON = "3.10"  # of the releases of these targets, and with wheels for all that the fixtures pin


@pytest.mark.network
@pytest.mark.parametrize(
    ("case", "target"),
    [
        ("artefacts", "npu"),
        ("artefacts", "mlu"),
        ("artefacts", "xpu"),
        ("baichuan-7b", "npu"),
        ("pinned", "mlu"),
        ("detector", "xpu"),
    ],
)
def test_pip_resolves_the_ported_requirements_and_keeps_the_vendors_torch(
    case: str, target: str, tmp_path: Path
) -> None:
    with open_checkout(str(FIXTURES / case / "in")) as checkout:
        plan = make_plan(checkout, Choice(target))
    wanted, held, left = split(plan)
    assert left == LEFT[case]
    vendors = stand_ins(plan.target.torch, tmp_path)
    (tmp_path / "wanted.txt").write_text("\n".join(wanted) + "\n", encoding="utf-8")
    (tmp_path / "held.txt").write_text("\n".join([*held, *vendors]) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--ignore-installed"]
    command += ["--only-binary", ":all:", "--python-version", PYTHON, "--platform", "manylinux2014_x86_64"]
    command += ["--target", str(tmp_path / "never"), "--find-links", str(tmp_path), "--report", str(tmp_path / "made")]
    command += ["-r", str(tmp_path / "wanted.txt"), "-c", str(tmp_path / "held.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "made").read_text(encoding="utf-8"))["install"]
    chosen = {f"{each['metadata']['name']}=={each['metadata']['version']}" for each in made}
    assert {each for each in chosen if each.startswith("torch")} <= set(vendors)
    assert vendors[0] in chosen and len(chosen) > 1


def split(plan: Plan) -> tuple[list[str], list[str], set[str]]:
    """The requirements and constraints of a port that pip can be asked for, and those that are a person's."""
    files = {file.path: file for file in plan.files if file.kind == "requirements"}
    wanted, held, left = list[str](), list[str](), set[str]()
    for path, file in files.items():
        for text, mine in told(file):
            if not mine:
                left.add(text)
            elif path.startswith("constraints"):
                held.append(text)
            else:
                wanted.append(text)
    return wanted, held, left


def told(file: FilePlan) -> list[tuple[str, bool]]:
    """The lines of a ported file, and whether an index can answer them: not what is a person's, or lies elsewhere.

    A line about torch that may stay is a person's too, who may take it out; pip is asked for what stays."""
    persons = {finding.line for finding in file.findings if finding.verdict is Verdict.MANUAL}
    found = []
    for line in lists.lines(file.ported):
        if line.sort is lists.Sort.REQUIREMENT:
            number = file.ported.count(b"\n", 0, line.start) + 1
            vendors = re.match(r"[\w-]*", line.text)[0] in VENDORS and not line.hashed
            found.append((line.text, "://" not in line.text and (vendors or number not in persons)))
    return found


def stand_ins(torch: str, folder: Path) -> list[str]:
    """Empty wheels for what only the vendor has, in versions that no index has; as constraints, torch first."""
    beside = Pairs.shared().beside(torch)
    versions = dict(zip(VENDORS, (torch, f"{beside.torchvision}.0", f"{beside.torchaudio}.0"), strict=True))
    for name, version in versions.items():
        info = f"{name}-{version}+vendor.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{version}+vendor-py3-none-any.whl", "w") as made:
            made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}+vendor\n")
            made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            made.writestr(f"{info}/RECORD", "")
    return [f"{name}=={version}+vendor" for name, version in versions.items()]
