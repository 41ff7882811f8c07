"""Files that are no Python: single words change, all else keeps its bytes, and every word has its reason."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from porter.artefacts import in_json, in_toml, in_yaml, plan_artefact
from porter.checkout.kind import kind_of
from porter.checkout.source import open_checkout
from porter.checkout.walk import Entry
from porter.context import Context
from porter.model import FilePlan, Finding, Problem, Verdict
from porter.packs.load import load
from porter.packs.packages import Packages
from porter.packs.requirement import distribution
from porter.plan import Choice, make_plan
from porter.python.signatures import Files
from porter.targets.catalog import resolve
from porter.triage import Triage

LINES = """
pack: lines
describes: rules on lines of text for these tests
rules:
- id: LINE001
  name: base-image
  kind: text
  files: ["kind:dockerfile"]
  match: '^FROM[ ]+\\S*(?:nvidia|cuda)\\S*'
  safety: manual
  why: The base image holds CUDA.
  examples: [{file: Dockerfile, before: "FROM nvidia/cuda:12.2.0\\n"}]
- id: LINE002
  name: device-of-a-container
  kind: text
  files: ["kind:yaml"]
  match: 'driver:[ ]*nvidia|capabilities:[ ]*\\[gpu\\]'
  safety: manual
  why: The container is given cards of NVIDIA.
  examples: [{file: docker-compose.yml, before: "driver: nvidia\\n"}]
- id: LINE003
  name: native
  kind: text
  files: ["kind:cuda", "kind:cpp"]
  match: '__global__|<<<'
  safety: manual
  why: The code is written for the compiler of CUDA.
  examples: [{file: k.cu, before: "__global__ void f() {}\\n"}]
"""


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rules")
    (home / "lines.yaml").write_text(LINES, encoding="utf-8")
    return home


@cache
def context(target: str = "mlu", rules: Path | None = None) -> Context:
    known, surface = resolve(target)
    pack = load(known, extra=(rules,) if rules else ())
    return Context(pack, known, surface, Triage(pack), Files([], _no_file), {})


def _no_file(path: str) -> bytes | None:
    raise AssertionError(f"{path} is no Python file of the checkout")


def plan(
    path: str, text: str | bytes, target: str = "mlu", rules: Path | None = None
) -> tuple[FilePlan | None, list[Problem]]:
    raw = text.encode() if isinstance(text, str) else text
    entry = Entry(path, kind_of(path, lambda: raw), len(raw), False, 0o644, True)
    return plan_artefact(entry, raw, context(target, rules))


def ported(path: str, text: str, target: str = "mlu") -> str:
    """The text after its port, which must have nothing left to do."""
    planned, problems = plan(path, text, target)
    assert not problems
    after = planned.ported.decode() if planned else text
    again, _ = plan(path, after, target)
    assert again is None or not again.changed
    return after


def findings(path: str, text: str | bytes, rules: Path | None = None) -> list[Finding]:
    planned, _ = plan(path, text, rules=rules)
    return list(planned.findings) if planned else []


def for_a_person(found: list[Finding]) -> list[Finding]:
    """What a person does, and the pins that a person looks at."""
    return [f for f in found if f.verdict is Verdict.MANUAL or (f.verdict is Verdict.REVIEW and f.rule == "VER003")]


def manual_lines(path: str, text: str, rules: Path | None = None) -> list[int]:
    return sorted({f.line for f in for_a_person(findings(path, text, rules))})


# Shell


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("export CUDA_VISIBLE_DEVICES=0,1  # keep\n", "export MLU_VISIBLE_DEVICES=0,1  # keep\n"),
        ("CUDA_VISIBLE_DEVICES=$1 python a.py \\\n  --lr 1\n", "MLU_VISIBLE_DEVICES=$1 python a.py \\\n  --lr 1\n"),
        ("env CUDA_VISIBLE_DEVICES=0 bash x\n", "env MLU_VISIBLE_DEVICES=0 bash x\n"),
        ("mpirun -x CUDA_VISIBLE_DEVICES -np 2 x\n", "mpirun -x MLU_VISIBLE_DEVICES -np 2 x\n"),
        ("unset CUDA_VISIBLE_DEVICES\n", "unset MLU_VISIBLE_DEVICES\n"),
        (
            'n=${CUDA_VISIBLE_DEVICES:-0}; [ -z "$CUDA_VISIBLE_DEVICES" ]\n',
            'n=${MLU_VISIBLE_DEVICES:-0}; [ -z "$MLU_VISIBLE_DEVICES" ]\n',
        ),
        (
            'screen -S d0 -X stuff "CUDA_VISIBLE_DEVICES=0 python3 -m x --device cuda^M"\n',
            'screen -S d0 -X stuff "MLU_VISIBLE_DEVICES=0 python3 -m x --device cuda^M"\n',
        ),
        (
            "ssh host 'CUDA_VISIBLE_DEVICES=0 python3 x --device cuda'\n",
            "ssh host 'MLU_VISIBLE_DEVICES=0 python3 x --device mlu'\n",
        ),
        ("python t.py --device cuda --dist-backend=nccl\n", "python t.py --device mlu --dist-backend=cncl\n"),
        (
            'python t.py --device="cuda:$i" +trainer.device=cuda\n',
            'python t.py --device="mlu:$i" +trainer.device=mlu\n',
        ),
        ("DEVICE=cuda\ndevice='cuda:0'\n", "DEVICE=mlu\ndevice='mlu:0'\n"),
        ("DEVICE=${1:-cuda}\n", "DEVICE=${1:-mlu}\n"),
        ('if [ "$DEVICE" == "cuda" ]; then :; fi\n', 'if [ "$DEVICE" == "mlu" ]; then :; fi\n'),
        (
            "export CUDA_VISIBLE_DEVICES=0\r\npython x --device cuda\r\n",
            "export MLU_VISIBLE_DEVICES=0\r\npython x --device mlu\r\n",
        ),
        ("bash <<EOF\nCUDA_VISIBLE_DEVICES=0 x\nEOF\n", "bash <<EOF\nMLU_VISIBLE_DEVICES=0 x\nEOF\n"),
    ],
)
def test_words_of_a_script_change_and_nothing_else(before: str, after: str) -> None:
    assert ported("run.sh", before) == after


@pytest.mark.parametrize(
    "text",
    [
        "# CUDA_VISIBLE_DEVICES=0 python x --device cuda\n",
        "python x.py --no-cuda --no_cuda --use_cuda true\n",
        "deepspeed --num_gpus=8 train.py --train_micro_batch_size_per_gpu 4\nNUM_GPUS=2\n",
        'echo "set CUDA_VISIBLE_DEVICES=0 and --device cuda"\n',
        "wget https://developer.download.nvidia.com/compute/cuda/11.8\n",
        "cd /usr/local/cuda\nls cuda\n",
        "CUDA_VERSION=11.8\ncuda=1\n",
        'cat > ds.json <<EOF\n{"train_micro_batch_size_per_gpu": 1, "cuda": 1}\nEOF\n',
        'python -c "import torch; x.cuda($N); torch.cuda.set_device($N)"\n',
        "python <<EOF\nimport torch\ntorch.cuda.set_device($N)\nEOF\n",
        "python train.py <<'EOF'\nimport torch\ntorch.cuda.synchronize()\nEOF\n",
        "pytest -m gpu --kind gpu\n",
    ],
)
def test_a_script_keeps_what_people_type_and_read(text: str) -> None:
    assert ported("run.sh", text) == text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("nvidia-smi -L\nwatch nvidia-smi\nsudo nvcc x.cu\n", [1, 2, 3]),
        ("pip install numpy xformers==0.0.20\npython -m pip install -r r.txt torch==2.0 \\\n  flash-attn\n", [1, 2, 3]),
        ("python serve.py --platform cuda\n", [1]),
        ('echo "CUDA_VISIBLE_DEVICES=0 python x" > run2.sh\n', [1]),
        ("sed -i 's/CUDA_VISIBLE_DEVICES=0/X=1/' run.sh\n", [1]),
        ('python -c "import torch; torch.cuda.set_device($N)"\n', [1]),
        ("python -c 'model.to(0)'\n", [1]),
        ("python <<EOF\nimport torch\ntorch.cuda.set_device($N)\nEOF\n", [3]),
        ("export NCCL_UNHEARD_OF=1\nNCCL_UNHEARD_OF=1\n", [1]),
        ("git clone -b v2 https://github.com/Dao-AILab/flash-attention fa\ngit clone https://h/o/numpy\n", [1]),
        ("pip install git+https://h/o/flash-attention@v2 -q\n", [1]),
        ("export CUDA_HOME=/usr/local/cuda-11.8\nexport LD_LIBRARY_PATH=/lib:/usr/local/cuda/lib64\n", [1, 2]),
        (
            "source /opt/cuda/env.sh\nmodule load gcc cuda/11.8\necho 'export X=/usr/local/cuda' >> ~/.bashrc\n",
            [1, 2, 3],
        ),
        ("# /usr/local/cuda\nls /data/cuda x/usr/local/cudax\nmodule load gcc\necho /usr/local/cuda\n", []),
        ("accelerate launch --multi_gpu a.py\naccelerate launch a.py --gpus 2\npython a.py --multi_gpu\n", [1]),
        ("python a.py --accelerator gpu trainer.accelerator=gpu\npython a.py --accelerator cpu --mode gpu\n", [1, 1]),
        ("pip install numpy\necho 'nvidia-smi not found'\n", []),
    ],
)
def test_a_script_leaves_to_a_person_what_no_rule_ports(text: str, lines: list[int]) -> None:
    told = [f.line for f in for_a_person(findings("run.sh", text))]
    assert sorted(told) == lines or sorted(set(told)) == lines


CODE = "import torch; print(torch.cuda.device_count())"
MADE = "import torch; import torch_mlu; print(torch.mlu.device_count())"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("run.sh", f"N=$(python -c '{CODE}')\n", f"N=$(python -c '{MADE}')\n"),
        ("run.sh", f'N=$(python3 -Ic "{CODE}")\n', f'N=$(python3 -Ic "{MADE}")\n'),
        (
            "run.sh",
            'python -c "import torch; print(\\"cuda\\", torch.cuda.is_available())"\n',
            'python -c "import torch; import torch_mlu; print(\\"cuda\\", torch.mlu.is_available())"\n',
        ),
        ("run.sh", "python -c 'm.cuda()'\n", "python -c 'import torch_mlu; m.mlu()'\n"),
        (
            "run.sh",
            "python - <<'EOF' | tee log\nimport torch\ntorch.zeros(1, device='cuda')\nEOF\n",
            "python - <<'EOF' | tee log\nimport torch\nimport torch_mlu\ntorch.zeros(1, device='mlu')\nEOF\n",
        ),
        (
            "run.sh",
            "cat <<EOF | python -u\r\nimport torch\r\nx.cuda()\r\nEOF\r\n",
            "cat <<EOF | python -u\r\nimport torch\r\nimport torch_mlu\r\nx.mlu()\r\nEOF\r\n",
        ),
        (
            "run.sh",
            "python <<-'EOF'\n\timport torch\n\tx.cuda()\n\tEOF\n",
            "python <<-'EOF'\n\timport torch\n\timport torch_mlu\n\tx.mlu()\n\tEOF\n",
        ),
        ("Dockerfile", f"FROM x\nRUN python -c '{CODE}'\n", f"FROM x\nRUN python -c '{MADE}'\n"),
        (
            "Dockerfile",
            "FROM x\nRUN <<EOF\nCUDA_VISIBLE_DEVICES=0 a\nEOF\n"
            "RUN --mount=a=b python - <<'E'\nimport torch\nx.cuda()\nE\nCMD cuda\n",
            "FROM x\nRUN <<EOF\nMLU_VISIBLE_DEVICES=0 a\nEOF\n"
            "RUN --mount=a=b python - <<'E'\nimport torch\nimport torch_mlu\nx.mlu()\nE\nCMD cuda\n",
        ),
        (
            "Makefile",
            f"N := $(shell python -c '{CODE}')\nrun:\n\tN=$$(python -c '{CODE}') x\n",
            f"N := $(shell python -c '{MADE}')\nrun:\n\tN=$$(python -c '{MADE}') x\n",
        ),
        (
            "a.yaml",
            f"run: |\n  python -c '{CODE}'\n  python - <<'E'\n  import torch\n  x.cuda()\n  E\n",
            f"run: |\n  python -c '{MADE}'\n  python - <<'E'\n  import torch\n  import torch_mlu\n  x.mlu()\n  E\n",
        ),
        (
            "app.def",
            "Bootstrap: docker\nFrom: x\n%post\n    # cuda\n    CUDA_VISIBLE_DEVICES=0 a\n%labels\n  cuda 1\n",
            "Bootstrap: docker\nFrom: x\n%post\n    # cuda\n    MLU_VISIBLE_DEVICES=0 a\n%labels\n  cuda 1\n",
        ),
    ],
)
def test_python_code_inside_a_file_is_ported_where_its_bytes_are_its_own(path: str, before: str, after: str) -> None:
    assert ported(path, before) == after


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("Dockerfile", "FROM x\nRUN python -c 'import torch\\n\\\nx.cuda(0)'\n", []),
        ("n.def", "EXPORTS cuda\nFrom: nvidia\n%post\nCUDA_VISIBLE_DEVICES=0 a\n", [2]),
    ],
)
def test_code_that_is_no_code_stays(path: str, text: str, lines: list[int]) -> None:
    assert ported_or_said(path, text) == text
    assert manual_lines(path, text) == lines


def ported_or_said(path: str, text: str) -> str:
    planned, _ = plan(path, text)
    return planned.ported.decode() if planned else text


def test_code_that_does_not_parse_is_a_problem() -> None:
    planned, problems = plan("run.sh", "python -c 'import torch; torch.cuda.('\npython -c 'x ('\n")
    assert [problem.line for problem in problems] == [1] and planned is not None and not planned.changed


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("run.sh", "case $DEVICE in\ncuda) a;;\nmlu) b;;\nesac\n", [2]),
        ("run.sh", 'if [ "$DEVICE" = cuda ]; then a\nelif [ "$DEVICE" = mlu ]; then b; fi\n', [1]),
        ("run.sh", "for device in cuda mlu cpu; do x; done\n", [1]),
        ("c.yaml", "devices: [cuda, mlu]\n", [1]),
        (
            ".github/workflows/ci.yml",
            "jobs:\n  a:\n    env:\n      CUDA_VISIBLE_DEVICES: 0\n    device: cuda\n",
            [4, 5],
        ),
        (
            ".github/actions/install/action.yml",
            "runs:\n  steps:\n  - run: python -c 'import torch; print(torch.cuda.is_available())'\n",
            [3],
        ),
    ],
)
def test_what_upstream_does_for_the_target_itself_is_a_persons(path: str, text: str, lines: list[int]) -> None:
    assert ported(path, text) == text
    assert manual_lines(path, text) == lines


LINE = st.sampled_from(
    [
        "export CUDA_VISIBLE_DEVICES=0",
        "CUDA_VISIBLE_DEVICES=$X python a.py --device cuda:1 --backend nccl",
        "# cuda",
        'echo "cuda $CUDA_VISIBLE_DEVICES"',
        "python b.py --no-cuda 'text with cuda' \"$(cat cuda.txt)\"",
        "  DEVICE=${1:-cuda}  ",
        "for d in cuda cpu; do echo $d; done",
        "",
    ]
)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('ARGS="--device cuda"\npython x.py $ARGS\n', Verdict.PORTED),
        ("ARGS=(--epochs 3 --device cuda)\npython x.py ${ARGS[@]}\n", Verdict.PORTED),
        ('CMD="python x.py --device cuda"\neval "$CMD"\n', Verdict.PORTED),
        ('ARGS="--device cuda"\necho $ARGS\n', Verdict.REVIEW),
    ],
)
def test_what_a_variable_holds_is_a_command_line(text: str, verdict: Verdict) -> None:
    assert ported("run.sh", text) == text.replace("cuda", "mlu")
    assert {found.verdict for found in findings("run.sh", text)} == {verdict}


def test_a_placeholder_is_no_redirection() -> None:
    text = "swift rollout --port <node1_port>\n\nCUDA_VISIBLE_DEVICES=0 swift rlhf --host <a> <b> \\\n  --device cuda\n"
    wanted = text.replace("CUDA_VISIBLE_DEVICES", "MLU_VISIBLE_DEVICES").replace("cuda", "mlu")
    assert ported("run.sh", text) == wanted


def test_both_ends_hold_for_options_that_a_variable_holds(tmp_path: Path) -> None:
    program = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--platform', choices=['cuda', 'tpu'])\n"
    (tmp_path / "x.py").write_text(program)
    (tmp_path / "run.sh").write_text('ARGS="--platform cuda"\npython x.py $ARGS\n')
    with open_checkout(str(tmp_path)) as checkout:
        files = {file.path: file.ported for file in make_plan(checkout, Choice("mlu")).files}
    assert (b"'mlu'" in files["x.py"]) == (b"mlu" in files["run.sh"])


@settings(max_examples=30, deadline=None)
@given(st.lists(LINE, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_named_place_has_a_verdict(lines: list[str], newline: str, last: bool) -> None:
    text = newline.join(lines) + (newline if last else "")
    after = ported("run.sh", text)
    assert after.count("\n") == text.count("\n") and after.count("\r") == text.count("\r")
    told = {f.line for f in findings("run.sh", text)}
    expected = {n for n, line in enumerate(lines, start=1) if "cuda" in line.lower()}
    assert told == expected


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to check the syntax with")
def test_bash_takes_the_ported_script(tmp_path: Path) -> None:
    script = "set -e\nif [ \"$DEVICE\" = 'cuda' ]; then\n  CUDA_VISIBLE_DEVICES=0 python x --device cuda &\nfi\nwait\n"
    path = tmp_path / "run.sh"
    path.write_text(ported("run.sh", script), encoding="utf-8")
    subprocess.run(["bash", "-n", str(path)], check=True)
    assert "MLU_VISIBLE_DEVICES=0 python x --device mlu &" in path.read_text(encoding="utf-8")


# Configurations

YAML = """\
# device: cuda
é: ü
model: {device: cuda, kind: x}   # on cuda
devices:
- "cuda:0"
- 'cpu'
cuda: true
train_micro_batch_size_per_gpu: 4
backend: nccl
help: Use cuda if you can
env:
  CUDA_VISIBLE_DEVICES: "0"
run: |
  CUDA_VISIBLE_DEVICES=0 python x.py
"""


def test_a_yaml_value_changes_where_its_key_names_a_device() -> None:
    after = ported("c.yaml", YAML)
    changed = [(a, b) for a, b in zip(YAML.splitlines(), after.splitlines(), strict=True) if a != b]
    assert changed == [
        ("model: {device: cuda, kind: x}   # on cuda", "model: {device: mlu, kind: x}   # on cuda"),
        ('- "cuda:0"', '- "mlu:0"'),
        ("backend: nccl", "backend: cncl"),
        ('  CUDA_VISIBLE_DEVICES: "0"', '  MLU_VISIBLE_DEVICES: "0"'),
        ("  CUDA_VISIBLE_DEVICES=0 python x.py", "  MLU_VISIBLE_DEVICES=0 python x.py"),
    ]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (
            "c.json",
            '{"a": [{"device":"cuda:1"}], "cuda": "\\u0063uda"}',
            '{"a": [{"device":"mlu:1"}], "cuda": "\\u0063uda"}',
        ),
        ("c.json", '{\r\n\t"torch_device": "cuda"\r\n}', '{\r\n\t"torch_device": "mlu"\r\n}'),
        ("c.toml", "x.device = 'cuda' # cuda\r\n", "x.device = 'mlu' # cuda\r\n"),
        ("c.toml", 'i = {device = "cuda", n = [1, 2]}\ncuda = "x"\n', 'i = {device = "mlu", n = [1, 2]}\ncuda = "x"\n'),
        ("c.toml", '[device]\nname = """cuda"""\n', '[device]\nname = """mlu"""\n'),
        ("c.ini", "[a]\ndevice : cuda\n; device = cuda\n", "[a]\ndevice : mlu\n; device = cuda\n"),
        (".env", "CUDA_VISIBLE_DEVICES=0\nDEVICE=cuda\n", "MLU_VISIBLE_DEVICES=0\nDEVICE=mlu\n"),
        (
            "Makefile",
            "DEVICE ?= cuda\nrun:\n\tCUDA_VISIBLE_DEVICES=$(G) x --device $(DEVICE)\n",
            "DEVICE ?= mlu\nrun:\n\tMLU_VISIBLE_DEVICES=$(G) x --device $(DEVICE)\n",
        ),
        (
            "Dockerfile",
            "ENV DEVICE=cuda A=b\nRUN a && \\\n    # cuda\n    CUDA_VISIBLE_DEVICES=0 b\n"
            'CMD ["x", "--device", "cuda"]\n',
            'ENV DEVICE=mlu A=b\nRUN a && \\\n    # cuda\n    MLU_VISIBLE_DEVICES=0 b\nCMD ["x", "--device", "mlu"]\n',
        ),
    ],
)
def test_other_formats_change_by_the_value_alone(path: str, before: str, after: str) -> None:
    assert ported(path, before) == after


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.yml", 'command: ["t.py", "--device", "cuda"]\n', 'command: ["t.py", "--device", "mlu"]\n'),
        ("a.yml", "args:\n  - --device\n  - cuda\n  - --x=1\n", "args:\n  - --device\n  - mlu\n  - --x=1\n"),
        ("a.json", '{"cmd": ["t.py", "--backend", "nccl"]}', '{"cmd": ["t.py", "--backend", "cncl"]}'),
        ("a.yaml", "device: ${oc.env:WHERE, cuda}\n", "device: ${oc.env:WHERE, mlu}\n"),
        ("a.yaml", "env_set: {CUDA_VISIBLE_DEVICES: 0}\n", "env_set: {MLU_VISIBLE_DEVICES: 0}\n"),
        ("a.json", '{"device": "cuda", // cuda\n}', '{"device": "mlu", // cuda\n}'),
        ("a.json", '{"u": "s://x", /* "cuda" */ "device": "cuda"}', '{"u": "s://x", /* "cuda" */ "device": "mlu"}'),
        ("a.sh", '[[ "$DEVICE" == cuda* ]] && a\n', '[[ "$DEVICE" == mlu* ]] && a\n'),
        ("a.sh", "[[ $DEVICE =~ ^(cuda|cpu)$ ]] && a\n", "[[ $DEVICE =~ ^(mlu|cpu)$ ]] && a\n"),
        ("a.sh", "case $DEVICE in cuda:*|cuda) a;; esac\n", "case $DEVICE in mlu:*|mlu) a;; esac\n"),
    ],
)  # fmt: skip
def test_words_in_lists_patterns_and_defaults_change_as_others_do(path: str, before: str, after: str) -> None:
    planned, problems = plan(path, before)
    assert not problems and planned is not None and planned.ported.decode() == after
    again, _ = plan(path, after)
    assert again is None or not again.changed


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yml", 'command: ["python", "t.py", "--name", "cuda"]\n'),
        ("a.yaml", "title: ${oc.env:WHERE,cuda}\n"),
        ("a.sh", '[[ "$DEVICE" == /usr/cuda* ]] && a\n'),
        ("a.sh", '[[ "$NAME" == cuda* ]] && a\n'),
    ],
)
def test_words_that_mean_no_device_stay(path: str, text: str) -> None:
    planned, _ = plan(path, text)
    assert planned is None or not planned.changed


def test_a_list_of_data_takes_time_by_its_length() -> None:
    text = json.dumps({"boxes": list(range(60_000)), "device": "cuda"})
    started = time.process_time()
    assert ported("c.json", text) == text.replace("cuda", "mlu")
    assert time.process_time() - started < 20  # a look at the whole list for each item would take minutes


def test_a_value_under_a_key_that_says_nothing_is_a_persons() -> None:
    assert ported("c.yaml", "other: cuda\n") == "other: cuda\n"
    assert manual_lines("c.yaml", "other: cuda\nlabel: cuda\n") == [1]


@pytest.mark.parametrize(
    ("path", "text"),
    [("c.yaml", "device: cuda\nx: [\n"), ("c.json", '{"device": "cuda",,}'), ("c.toml", 'device = "cuda"\n[x\n')],
)
def test_a_broken_configuration_is_kept_and_said(path: str, text: str) -> None:
    planned, problems = plan(path, text)
    assert planned is not None and not planned.changed
    assert [problem.file for problem in problems] == [path] and problems[0].advice
    assert [f.line for f in planned.findings] == [1]


VALUES = st.recursive(
    st.text(max_size=6) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_json_strings_are_where_the_reader_says(value: object, ascii_only: bool, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    for scalar in in_json.scalars(data):
        assert json.loads(data[scalar.start - 1 : scalar.end + 1]) == scalar.text


def test_yaml_and_toml_scalars_are_where_the_reader_says() -> None:
    text = yaml.safe_dump({"é": ["ü", {"device": "cuda"}], "k": "a: b"}, allow_unicode=True).encode()
    assert {(s.text, text[s.start : s.end].decode()) for s in in_yaml.scalars(text) if s.exact} >= {
        ("cuda", "cuda"),
        ("é", "é"),
    }
    toml = b'a."b c".d = ["x", {e = \'y\'}] # "z"\n[[t.u]]\nk = 1\ns = """l1\nl2"""\n'
    assert [(".".join(s.path), s.text) for s in in_toml.scalars(toml) if not s.is_key] == [
        ("a.b c.d", "x"),
        ("a.b c.d.e", "y"),
        ("t.u.s", "l1\nl2"),
    ]


# Dependencies

REQUIREMENTS = """\
-r base.txt
numpy==1.23.5
torch==2.0.0 ; python_version < "3.12"  # keep
Torch_Vision
xformers==0.0.20 \\
    --hash=sha256:abc
cpm_kernels
git+https://github.com/NVIDIA/apex.git@master
https://example.org/flash_attn-2.0-cp310-linux.whl
nvidia-cublas-cu11==1.0
deepspeed==0.9.2
"""


def test_requirements_that_are_tied_to_cuda_are_a_persons_with_advice() -> None:
    told = for_a_person(findings("requirements.txt", REQUIREMENTS))
    assert [f.line for f in told] == [3, 5, 7, 8, 9, 10, 11]
    assert all(f.advice for f in told)
    assert "==2.0.0" in told[0].why and "torch_mlu" in told[0].advice


@pytest.mark.parametrize(
    ("path", "text", "verdicts"),
    [
        ("requirements/rocm.txt", "torch==2.0.1\n", {Verdict.KEPT}),
        (
            "requirements.txt",
            "--extra-index-url https://download.pytorch.org/whl/rocm6.2\ntorch==2.0.1\n",
            {Verdict.KEPT},
        ),
        ("requirements/mlu.txt", "torch==2.0.1\n", {Verdict.MANUAL}),
        ("requirements.txt", "torch==2.0.1\ntorch_mlu==1.17\n", {Verdict.MANUAL}),
        ("docker-xpu/Dockerfile", "RUN pip install torch==2.0.1\n", {Verdict.KEPT}),
        ("run.sh", "pip install torch==2.0.1 torch-npu==2.0.1\n", {Verdict.KEPT}),
        ("run.sh", "pip install torch-npu\npip install torch==2.0.1\n", {Verdict.REVIEW}),
        ("amd64/requirements.txt", "torch==2.0.1\n", {Verdict.REVIEW}),
        ("run.sh", "conda install pytorch==2.0.1 torchvision==0.15.2 -c pytorch\n", {Verdict.MANUAL}),
        ("environment.yml", "dependencies:\n- torchvision==0.15.2\n", {Verdict.MANUAL}),
        ("environment.yml", "dependencies:\n- pip:\n  - torchvision==0.15.2\n", {Verdict.REVIEW}),
    ],
)
def test_pins_of_another_accelerator_stay_and_those_of_the_target_are_a_persons(
    path: str, text: str, verdicts: set[Verdict]
) -> None:
    found = findings(path, text)
    assert {each.verdict for each in found if each.rule in {"VER003", "PKG001"}} == verdicts
    assert (ported(path, text) == text) is (Verdict.REVIEW not in verdicts)


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        (
            "cog.yaml",
            "build:\n  gpu: true\n  python_packages:\n  - torch==2.0.1\n  - xformers==0.0.20\n  - pip-tools\n",
            [2, 4, 5],
        ),
        ("ray.yaml", "runtime_env:\n  pip: [flash-attn, einops]\n", [2]),
        ("c.yaml", "pip: cuda toolkit of a tree\n", []),
        ("run.sh", "pip install git+https://github.com/NVIDIA/TransformerEngine.git@stable\n", [1]),
        ("requirements.txt", ".\n.[train]\nsome_binaries==1.0+cu118\n", [3]),
        ("job.sh", "#!/bin/bash\n#SBATCH --gres=gpu:4\n# --gres=gpu:4\nsrun --gpus 4 \\\n  python x.py\n", [2, 4]),
        ("run.sh", "mpirun -env MV2_USE_CUDA=1 -x A_B_NCCL_C=1 python x.py\n", [1]),
    ],
)
def test_packages_and_cards_that_other_tools_are_asked_for(path: str, text: str, lines: list[int]) -> None:
    assert manual_lines(path, text) == lines


def test_a_requirement_that_nobody_can_read_is_a_problem_and_the_file_stays() -> None:
    planned, problems = plan("requirements.txt", "torch\n@@@ what\n")
    assert [problem.line for problem in problems] == [2]
    assert planned is not None and not planned.changed


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        (
            "pyproject.toml",
            '[project]\ndependencies = [\n  "torch>=2",\n  "rich",\n]\n'
            '[project.optional-dependencies]\nt = ["einops", "flash-attn"]\n',
            [3, 7],
        ),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "3.10"\ntorch = "^2"\n', [3]),
        ("setup.cfg", "[options]\ninstall_requires =\n    numpy\n    xformers\n", [4]),
        ("environment.yml", "dependencies:\n- python=3.10\n- pytorch-cuda=11.8\n- pip:\n  - xformers\n", [3, 5]),
        ("Dockerfile", "FROM python:3.10\nRUN pip install torch==2.0 rich\n", [2]),
        (
            "Dockerfile",
            "FROM x\nRUN <<EOF\nif a; then\n  pip install torch==2.0 rich\nfi\nEOF\nRUN pip install rich\n",
            [4],
        ),
        ("Dockerfile", "FROM x\nARG apex_url=git+https://h/NVIDIA/apex.git@25.04\nARG u=git+https://h/o/rich\n", [2]),
        (
            "app.def",
            "Bootstrap: docker\nFrom: x\n%post\n  pip install flash-attn rich\n%help\n  pip install torch\n",
            [4],
        ),
        (
            "requirements/pyproject-gpu.toml",
            '[tool.poetry.dependencies]\nflash-attn = "2.5.6"\nrich = "1"\n[tool.poetry.group.gpu.dependencies]\n'
            'cupy-cuda111 = {version = ">=8", optional = true}\n[tool.poetry.extras]\ng = ["cupy-cuda111", "rich"]\n'
            '[tool.poetry.dependencies.torch]\nversion = "^2"\n',
            [2, 5, 7, 9],
        ),
        (
            "pyproject.toml",
            '[tool.pdm.dev-dependencies]\ng = ["xformers"]\n[tool.other]\ntorch = "1"\nxformers = 1\n',
            [2],
        ),
        ("Cargo.toml", '[dependencies]\ncudnn = "1"\n[package]\nname = "cuda-x"\n', []),
        ("environment.yml", "dependencies:\n- libcurl=7\n- libcublas=11\n- k2think\n", [3]),
    ],
)
def test_manifests_of_every_sort_are_read(path: str, text: str, lines: list[int]) -> None:
    assert manual_lines(path, text) == lines


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("torch==2.0", "torch"),
        ("nvidia::cuda-nvcc=12", "cuda-nvcc"),
        ("x @ https://a/b-1.0.whl", "x"),
        ("git+ssh://git@host/org/repo.git@v1#egg=name", "name"),
        ("git+https://h/o/apex", "apex"),
        ("...", None),
    ],
)
def test_the_distribution_of_a_requirement(text: str, name: str | None) -> None:
    assert distribution(text) == name


def test_the_table_of_packages_has_advice_that_a_person_can_act_on() -> None:
    table = Packages.shared()
    for target in ("npu", "mlu"):
        for name in ("torch", "xformers", "flash_attn", "nvidia-nccl-cu12", "bitsandbytes", "triton", "pynvml"):
            package = table.distributed(name)
            assert package is not None and len((package.advice(target) or "").split()) > 5
        deepspeed = table.distributed("deepspeed")
        assert deepspeed is not None and deepspeed.advice(target) is None
    assert table.distributed("torchmetrics") is None and table.distributed("nvidia-ml-py") is not None


# Containers, native code, prose


def test_rules_on_lines_speak_outside_of_comments(rules: Path) -> None:
    assert manual_lines("Dockerfile", "# FROM nvidia/cuda\nFROM nvidia/cuda:12.2.0\n", rules) == [2]
    compose = "services:\n  a:\n    devices:\n    - driver: nvidia\n      capabilities: [gpu]\n    # driver: nvidia\n"
    assert manual_lines("docker-compose.yml", compose, rules) == [4, 5]


def test_native_code_is_one_site_with_its_kernels_counted(rules: Path) -> None:
    text = "// __global__ cuda\n#include <cuda_runtime.h>\n__global__ void f() {}\nint main() { f<<<1, 1>>>(); }\n"
    (told,) = findings("k.cu", text, rules)
    assert told.verdict is Verdict.MANUAL and told.line == 2 and "1 kernel and 1 launch" in told.why


def test_prose_is_told_once_for_each_file() -> None:
    (told,) = findings("README.md", "# x\n\nUse cuda.\n\n    CUDA_VISIBLE_DEVICES=0 python x --device cuda\n")
    assert told.verdict is Verdict.KEPT and told.line == 3 and "2 lines" in told.why
    assert findings("README.md", "nothing here\n") == []


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        (
            "Dockerfile",
            "ARG from=nvidia/cuda:${V}-devel\nARG TORCH_INDEX=x\nARG base_url=https://h/nvidia/x\nFROM ${from}\n",
            [1],
        ),
        ("Dockerfile", "FROM x\nARG CUDA_VERSION=11\nARG MAX_JOBS=4\nARG FORCE_CUDA=1\n", [4]),
        (
            "Dockerfile",
            "FROM x\nENV PATH=/usr/local/cuda/bin:$PATH A=b\nENV CUDA_HOME /usr/local/cuda\nRUN cd /cuda\n",
            [2, 3],
        ),
        (
            "Makefile",
            "CUDA_HOME ?= /usr/local/cuda\nrun:\n\tLD_LIBRARY_PATH=/usr/local/cuda/lib64 x\n\tls cuda\n",
            [1, 3],
        ),
        (
            "c.yaml",
            "env:\n  LD_LIBRARY_PATH: /usr/local/cuda/lib64\n  OUT: data/cuda/x\n"
            "help: Set it to /usr/local/cuda if you can\n",
            [2],
        ),
        ("app.def", "Bootstrap: docker\nFrom: nvcr.io/nvidia/pytorch:24.02-py3\n# From: nvidia/cuda\n", [2]),
        (
            "c.yaml",
            "a:\n  x: |\n    You may run it with nvidia.com/gpu\n    and --gpus all then\n"
            "limits:\n  nvidia.com/gpu: 1\n",
            [6],
        ),
        ("c.yaml", "options: --gpus all --shm-size 16gb\nsee: https://nvidia.com/cuda\ncapabilities:\n- gpu\n", [1, 3]),
        ("a.yaml", "distributed_type: MULTI_GPU\nnum_processes: 8\nmixed_precision: bf16\n", [1]),
        ("a.yaml", "distributed_type: NO\ngpu_ids: all\nkind: gpu\n", []),
        ("t.yaml", "trainer:\n  accelerator: gpu\n  devices: auto\nname: gpu\n", [2]),
        ("t.json", '{"accelerator": "gpu", "mode": "gpu", "env": {"CUDA_HOME": "/usr/local/cuda"}}', [1]),
        (
            "ds.json",
            '{"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"device": "cpu"}, "cuda": "/data/cuda/x"}',
            [],
        ),
        (
            "start.bat",
            '@rem cuda\r\nset "CUDA_PATH=%X%" & set "CUDA_HOME=%CUDA_PATH%"\r\necho cuda\r\nset A=1\r\n',
            [2],
        ),
        ("x.cmd", "set CUDA_VISIBLE_DEVICES=0\nuv pip install torch rich\npip install rich\n", [1, 2]),
        ("x.ps1", '<# cuda\n cuda #>\n# cuda\n$env:CUDA_HOME = "C:\\\\x"\nWrite-Host "cuda"\n$a = 1\n', [4]),
    ],
)
def test_places_of_cuda_around_the_code_are_a_persons(path: str, text: str, lines: list[int]) -> None:
    assert ported(path, text) == text
    assert manual_lines(path, text) == lines


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("// cuda\nvoid cuda_forward(int a);\nvoid f() { cuda_forward(1); }\n", Verdict.MANUAL),
        ('TORCH_CHECK(x.is_cuda(), "x");\nCHECK_CUDA(y);\n', Verdict.MANUAL),
        ("#include <c10/cuda/CUDAGuard.h>\nat::cuda::CUDAGuard g(0);\n", Verdict.MANUAL),
        ("Tensor NmsCuda(int a);\n", Verdict.MANUAL),
        ('// is_cuda()\nlog("cuda");\nint barracuda;\n', Verdict.KEPT),
    ],
)
def test_a_binding_is_one_site_and_its_words_elsewhere_are_not(text: str, verdict: Verdict) -> None:
    told = findings("op.cpp", text)
    assert {f.verdict for f in told} == {verdict} and (verdict is Verdict.KEPT or len(told) == 1)


def test_the_advice_for_a_package_is_its_own() -> None:
    table = Packages.shared()
    for name, word in (("dgl-cu113", "dgl"), ("jax-cuda12-plugin", "jax"), ("mxnet-cu110", "mxnet")):
        package = table.distributed(name)
        assert package is not None and word in package.name and "tensorflow" not in package.default
    assert all(table.distributed(name) is None for name in ("libcurl", "k2think", "tritonclient", "libcupti-dev"))


# Notebooks


def notebook(*cells: object, **metadata: object) -> str:
    made = [
        {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [{"text": ["cuda\n"]}], "source": source}
        for source in cells
    ]
    prose = {"cell_type": "markdown", "metadata": {}, "source": ["model.cuda()\n", "CUDA_VISIBLE_DEVICES=0"]}
    return (
        json.dumps({"cells": [prose, *made], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"
    )


def sources(text: str) -> list[object]:
    return [cell["source"] for cell in json.loads(text)["cells"][1:]]


def test_code_cells_change_and_outputs_metadata_and_prose_stay() -> None:
    text = notebook(
        ["import os\n", "import torch"],
        "m = m.cuda()  # \"é\" cuda\nx = y.to('cuda:0')",
        ["%time z = y.cuda()\n", "!CUDA_VISIBLE_DEVICES=0 python x.py --device cuda\n", "%%matplotlib"],
        ["%%bash\n", "export CUDA_VISIBLE_DEVICES=0"],
        ["!python -c 'import torch; torch.cuda.synchronize()'\n", "!python -c 'y.to(\"cuda:{i}\")'"],
        accelerator="cuda",
    )
    after = ported("n.ipynb", text)
    assert sources(after) == [
        ["import os\n", "import torch\n", "import torch_mlu"],
        "m = m.mlu()  # \"é\" cuda\nx = y.to('mlu:0')",
        ["%time z = y.mlu()\n", "!MLU_VISIBLE_DEVICES=0 python x.py --device mlu\n", "%%matplotlib"],
        ["%%bash\n", "export MLU_VISIBLE_DEVICES=0"],
        ["!python -c 'import torch; import torch_mlu; torch.mlu.synchronize()'\n", "!python -c 'y.to(\"cuda:{i}\")'"],
    ]
    before, now = json.loads(text), json.loads(after)
    for cell in (*before["cells"], *now["cells"]):
        cell["source"] = ""
        assert cell["cell_type"] == "markdown" or cell["outputs"] == [{"text": ["cuda\n"]}]
    assert before == now


def test_a_notebook_keeps_its_escapes_and_its_newlines() -> None:
    text = notebook("import torch\nmodel.cuda()  # \u4e2d \U0001f600").replace("\n", "\r\n")
    assert "\\u4e2d \\ud83d\\ude00" in text
    assert ported("n.ipynb", text) == text.replace("import torch\\n", "import torch\\nimport torch_mlu\\n").replace(
        ".cuda()  #", ".mlu()  #"
    )


def test_commands_and_packages_in_cells_are_a_persons() -> None:
    told = for_a_person(findings("n.ipynb", notebook(["!nvidia-smi\n", "!pip install xformers torch==2.0"])))
    assert len(told) == 3


def test_a_cell_that_is_no_python_is_said_and_the_others_are_ported() -> None:
    planned, problems = plan("n.ipynb", notebook(["def f(:\n", "cuda"], ["import torch\n", "x.cuda()\n"]))
    assert planned is not None and len(problems) == 1
    assert sources(planned.ported.decode()) == [
        ["def f(:\n", "cuda"],
        ["import torch\n", "import torch_mlu\n", "x.mlu()\n"],
    ]


@pytest.mark.parametrize("text", ['{"worksheets": [{"cells": ["cuda"]}], "nbformat": 3}', '{"cells": [cuda', "[]cuda"])
def test_an_old_or_broken_notebook_is_kept_and_said(text: str) -> None:
    planned, problems = plan("n.ipynb", text)
    assert len(problems) == 1 and planned is not None and not planned.changed


def test_a_notebook_of_another_language_is_only_accounted_for() -> None:
    text = notebook("x <- cuda()\nCUDA_VISIBLE_DEVICES=0", kernelspec={"language": "R"})
    assert ported("n.ipynb", text) == text


def test_native_code_names_its_operators_and_who_calls_them(tmp_path: Path) -> None:
    bound = '#include <cuda.h>\nPYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {\n  m.def("forward", &f, "f");\n'
    bound += '  m.def("backward", &b);\n}\n'
    (tmp_path / "op.cpp").write_text(bound)
    (tmp_path / "use.py").write_text("import ext\n\n\ndef f(x):\n    return ext.forward(x)\n")
    scaled = '#include <cuda.h>\nTORCH_LIBRARY(mine, m) {\n  m.def("scale(Tensor x) -> Tensor");\n}\n'
    (tmp_path / "lib.cpp").write_text(scaled)
    with open_checkout(str(tmp_path)) as checkout:
        told = {f.file: f.why for f in make_plan(checkout, Choice("mlu")).findings}
    assert "registers forward, backward for Python; calls of such a name stand in use.py" in told["op.cpp"]
    assert "registers scale for Python; no Python file of the repo calls them" in told["lib.cpp"]
