"""`porter doctor`: each thing that can be wrong with a machine is seen on a machine that has it, with what mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from porter.cli.doctor import command
from porter.doctor.admit import admit
from porter.doctor.examine import examine, ill
from porter.doctor.machine import machines
from porter.doctor.patient import Patient
from porter.doctor.symptom import State, Symptom
from porter.errors import UsageError
from porter.targets.catalog import names

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def install(platlib: Path, name: str, version: str) -> None:
    info = platlib / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    platlib = next(folder.glob("lib/python*/site-packages"))
    install(platlib, "torch", "2.6.0+cpu")
    install(platlib, "torch-npu", "2.6.0.post3")
    return folder


@pytest.fixture
def patient(venv: Path, tmp_path: Path) -> Patient:
    """A machine with an NPU on which everything is as it should be: its files lie under a root of its own."""
    root = tmp_path / "root"
    for node in ("davinci_manager", "devmm_svm", "hisi_hdc", "davinci0", "davinci1"):
        (root / "dev").mkdir(parents=True, exist_ok=True)
        (root / "dev" / node).touch()
    tool = tmp_path / "bin" / "npu-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho fine\n", encoding="utf-8")
    tool.chmod(0o755)
    variables = {"PATH": f"{tool.parent}{os.pathsep}/bin", "ASCEND_TOOLKIT_HOME": "/opt/cann", "HOME": str(tmp_path)}
    found = admit(None, "npu@2.6.0", str(venv / "bin" / "python"))
    release = msgspec.structs.replace(found.release, python=f"{PYTHON} - {PYTHON}")
    return replace(found, variables=variables, root=root, release=release)


def seen(patient: Patient, subject: str) -> Symptom:
    return next(symptom for symptom in examine(patient) if symptom.subject == subject)


def test_every_target_has_a_machine() -> None:
    assert set(names()) <= {*machines(), "mindspore"}


def test_a_machine_that_has_all_is_well(patient: Patient) -> None:
    symptoms = examine(patient)
    assert not ill(symptoms), symptoms
    assert {"python", "torch", "torch-npu", "devices", "npu-smi", "CANN", "visible devices"} <= {
        symptom.subject for symptom in symptoms if symptom.state is State.OK
    }


def test_a_bare_machine_lacks_everything_and_is_told_what_to_do(tmp_path: Path, venv: Path) -> None:
    bare = replace(admit(None, "npu@2.6.0", str(venv / "bin" / "python")), variables={}, root=tmp_path)
    symptoms = examine(bare)
    assert ill(symptoms)
    for symptom in symptoms:
        assert symptom.mend or symptom.state in (State.OK, State.NOTE), symptom
    assert symptoms[0].state in (State.WRONG, State.MISSING)


def test_a_tool_that_fails_or_hangs_is_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = Path(patient.variables["PATH"].split(os.pathsep)[0]) / "npu-smi"
    tool.write_text("#!/bin/sh\necho 'dcmi module initialize failed' >&2\nexit 7\n", encoding="utf-8")
    assert "ends with 7: dcmi module initialize failed" in seen(patient, "npu-smi").seen
    monkeypatch.setattr("porter.doctor.checks.driver._SECONDS", 0.2)
    tool.write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")
    assert "does not answer" in seen(patient, "npu-smi").seen


def test_a_toolkit_that_is_not_set_up(patient: Patient) -> None:
    (patient.root / "usr/local/Ascend/ascend-toolkit").mkdir(parents=True)
    symptom = seen(replace(patient, variables={"PATH": patient.variables["PATH"]}), "CANN")
    assert symptom.state is State.WRONG and symptom.mend.startswith("source ")


@pytest.mark.parametrize(
    ("variables", "state"),
    [({"CUDA_VISIBLE_DEVICES": "1"}, State.WRONG), ({"ASCEND_RT_VISIBLE_DEVICES": ""}, State.WRONG),
     ({"ASCEND_RT_VISIBLE_DEVICES": "0,1"}, State.OK)],
)  # fmt: skip
def test_the_variables_that_choose_devices(patient: Patient, variables: dict[str, str], state: State) -> None:
    assert seen(replace(patient, variables={**patient.variables, **variables}), "visible devices").state is state


def test_a_torch_for_cuda_is_named(patient: Patient) -> None:
    version = Path(patient.interpreter.platlib) / "torch" / "version.py"
    version.parent.mkdir()
    try:
        version.write_text("__version__ = '2.6.0'\ncuda: Optional[str] = '12.4'\n", encoding="utf-8")
        assert seen(patient, "torch").seen == "torch 2.6.0+cpu is a build for CUDA 12.4"
    finally:
        version.unlink()
        version.parent.rmdir()


def test_a_pair_that_does_not_fit(patient: Patient) -> None:
    other = replace(patient, release=admit(None, "npu@2.7.1", patient.python).release)
    symptom = seen(other, "torch")
    assert symptom.state is State.WRONG and "2.7.1" in symptom.mend


def test_weights_that_are_pointers(patient: Patient, tmp_path: Path) -> None:
    port = tmp_path / "port"
    port.mkdir()
    (port / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    (port / "tokenizer.model").touch()
    (port / "whole.bin").write_bytes(b"x" * 4096)
    told = [symptom for symptom in examine(replace(patient, port=port)) if symptom.subject in ("weights", "port")]
    assert [symptom.seen.partition(" is")[0] for symptom in told if symptom.state is State.WRONG] == [
        "model.safetensors",
        "tokenizer.model",
    ]
    assert any(symptom.subject == "port" and symptom.state is State.MISSING for symptom in told)


def test_the_port_says_its_target(tmp_path: Path) -> None:
    lock = tmp_path / "porter.lock"
    lock.write_text(json.dumps({"target": {"name": "mlu", "version": "1.9.0"}}), encoding="utf-8")
    result = CliRunner().invoke(command, [str(tmp_path), "--format", "json"], standalone_mode=False)
    assert json.loads(result.output)["target"] == "mlu@1.9"
    lock.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        admit(tmp_path, None, sys.executable)


@pytest.mark.parametrize(
    ("port", "target", "python", "says"),
    [(None, None, "", "--target"), ("absent", "npu", "", "not a folder"), (None, "nqu", "", "Did you mean npu")],
)
def test_bad_input_is_one_sentence(port: str | None, target: str | None, python: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        admit(Path(port) if port else None, target, python)


def test_an_interpreter_that_is_none() -> None:
    with pytest.raises(UsageError, match="is not a Python"):
        examine(admit(None, "npu", "/bin/false"))


@pytest.mark.parametrize(
    ("config", "billions", "cards"),
    [
        (
            {
                "hidden_size": 4096,
                "intermediate_size": 11008,
                "num_hidden_layers": 32,
                "num_attention_heads": 32,
                "vocab_size": 125696,
            },
            "7.5 billion",
            "3 cards of 64 GB",
        ),
        (
            {
                "hidden_size": 4096,
                "ffn_hidden_size": 13696,
                "num_layers": 28,
                "num_attention_heads": 32,
                "multi_query_group_num": 2,
                "padded_vocab_size": 65024,
            },
            "6.2 billion",
            "2 cards of 64 GB",
        ),
    ],
    ids=["Baichuan2-7B", "ChatGLM2-6B"],
)
def test_the_memory_of_a_model(
    config: dict[str, int], billions: str, cards: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guide for Baichuan2-7B says three cards of 64 GB; its paper 7.5 billion parameters."""
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    command.main([str(tmp_path), "--target", "npu"], standalone_mode=False)
    said = " ".join(capsys.readouterr().out.split())
    assert billions in said and cards in said


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"hidden_size": "wide"}', '{"hidden_size": -1}'])
def test_a_configuration_without_sizes_says_nothing_of_memory(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    command.main([str(tmp_path), "--target", "npu"], standalone_mode=False)
    assert "parameters" not in capsys.readouterr().out
