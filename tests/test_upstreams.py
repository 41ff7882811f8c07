"""Projects are known by what they hold, and what holds for one of them alone leaves all others alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from porter.checkout.source import open_checkout
from porter.checkout.upstream import detect
from porter.model import Plan, Verdict
from porter.packs.load import pack_paths, read_pack
from porter.plan import Choice, make_plan

TOKENIZER = """from transformers import PreTrainedTokenizer
class Tokenizer(PreTrainedTokenizer):
    def __init__(self, file, **kwargs):
        super().__init__(**kwargs)
        self.sp_model = load(file)
    def get_vocab(self):
        return dict(self.sp_model)
"""


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def planned(root: Path, target: str = "npu") -> Plan:
    with open_checkout(str(root)) as checkout:
        return make_plan(checkout, Choice(target))


def ported(plan: Plan, path: str) -> str:
    return next(file.ported.decode() for file in plan.files if file.path == path)


def rules(plan: Plan, *verdicts: Verdict) -> set[str]:
    return {finding.rule for finding in plan.findings if not verdicts or finding.verdict in verdicts}


BAICHUAN2 = {
    "config.json": '{"architectures": ["BaichuanForCausalLM"]}',
    "tokenization_baichuan.py": "class BaichuanTokenizer:\n    pass\n",
}
MARKED = {
    "baichuan-7b": ({"models/modeling_baichuan.py": "class BaiChuanForCausalLM:\n    pass\n"}, ""),
    "baichuan2": (BAICHUAN2, ""),
    "baichuan2 by its scripts": ({"demo.py": 'm = A.from_pretrained(\n    "baichuan-inc/Baichuan2-7B-Chat")\n'}, ""),
    "chatglm2-6b": ({"model/modeling_chatglm.py": "multi_query_attention = 1\n"}, ""),
    "transformers": ({"src/transformers/__init__.py": '__version__ = "4.29.1"\n', "setup.py": ""}, "4.29.1"),
    "fschat": ({"fastchat/__init__.py": '__version__ = "0.2.36"\n', "pyproject.toml": 'name = "fschat"\n'}, "0.2.36"),
    "deepspeed": ({"accelerator/real_accelerator.py": "", "version.txt": "0.16.5\n"}, "0.16.5"),
    "vllm": ({"vllm/_custom_ops.py": "import vllm._C\n", "vllm/__init__.py": ""}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", MARKED)
def test_a_project_is_known_by_its_marks(name: str, tmp_path: Path) -> None:
    files, version = MARKED[name]
    found = detect(tree(tmp_path, files), "x", map(read_pack, pack_paths().values()))
    assert found.known == {name.split()[0]} and found.version == version


def test_every_pack_of_a_project_has_marks_and_each_is_tried_here() -> None:
    packs = [file for file in map(read_pack, pack_paths().values()) if file.upstream]
    assert all(pack.marks for pack in packs)
    assert {pack.upstream for pack in packs} == {name.split()[0] for name in MARKED}


def test_a_project_that_speaks_of_many_models_is_none_of_them(tmp_path: Path) -> None:
    many = {
        "zoo/adapter.py": 'KNOWN = ["baichuan-inc/Baichuan2-7B-Chat", "THUDM/chatglm2-6b"]\n',
        "README.md": "Baichuan2-",
    }
    found = detect(tree(tmp_path, many), "x", map(read_pack, pack_paths().values()))
    assert not found.known


@pytest.mark.parametrize(
    ("files", "moved"),
    [
        pytest.param({"requirements.txt": ""}, True, id="any version"),
        pytest.param({"requirements.txt": "transformers==4.33.3"}, False, id="an older one"),
        pytest.param({"requirements.txt": "transformers>=4.30,<5"}, True, id="room for a newer one"),
        pytest.param({"x.dist-info/METADATA": "Name: x\nRequires-Dist: transformers<4.30\n\n"}, False, id="installed"),
        pytest.param({"transformers/__init__.py": '__version__ = "4.41.2"\n'}, False, id="transformers itself"),
    ],
)  # fmt: skip
def test_a_tokenizer_is_mended_for_the_versions_that_break_it(
    files: dict[str, str], moved: bool, tmp_path: Path
) -> None:
    plan = planned(tree(tmp_path, {"tokenization_x.py": TOKENIZER, **files}))
    assert ("HF002" in rules(plan)) is moved
    assert not moved or ported(plan, "tokenization_x.py").index("sp_model = load") < ported(
        plan, "tokenization_x.py"
    ).index("super()")


CHAT = {
    "generation_utils.py": "import torch\ndef build_chat_input(model, tokens):\n    tokens = tokens[-9:]\n"
    "    return torch.LongTensor([tokens]).to(model.device)\n",
    "modeling_x.py": "import torch\nfrom threading import Thread\nclass Model:\n    def chat(self, tokens, streamer):\n"
    "        x = tokens.to(self.device)\n        Thread(target=self.generate, kwargs=dict(x=x)).start()\n"
    "        return streamer\n",
    "web_demo.py": "import gradio as gr\ndef predict(text):\n    for answer in model.stream_chat(text):\n"
    "        yield answer\nasync def ready():\n    return model.chat('')\n",
}


def test_each_thread_of_an_answer_sets_the_models_own_card(tmp_path: Path) -> None:
    plan = planned(tree(tmp_path, CHAT))
    assert "    torch.npu.set_device(model.device)\n    return torch" in ported(plan, "generation_utils.py")
    modeling = ported(plan, "modeling_x.py")
    assert "        torch.npu.set_device(self.device)\n        x = " in modeling
    thread = (
        "Thread(target=lambda *args, **kwargs: (torch.npu.set_device(self.device), self.generate(*args, **kwargs)),"
    )
    assert f"{thread} kwargs=dict(x=x)).start()" in modeling
    web = ported(plan, "web_demo.py")
    assert "    torch_npu.npu.set_device(model.device)\n    for answer" in web and web.count("set_device") == 1
    again = tree(tmp_path / "again", {file.path: file.ported.decode() for file in plan.files})
    assert not planned(again).changed


def test_a_card_whose_threads_start_on_it_needs_none_of_that(tmp_path: Path) -> None:
    assert "set_device" not in "".join(file.ported.decode() for file in planned(tree(tmp_path, CHAT), "mlu").changed)


def test_a_file_for_another_card_stays_where_the_target_has_one_of_its_own(tmp_path: Path) -> None:
    cuda = "import torch\ndef count():\n    return torch.cuda.device_count()\n"
    plan = planned(tree(tmp_path, {"acc/cuda_part.py": cuda, "acc/npu_part.py": "", "other/cuda_part.py": cuda}))
    assert [file.path for file in plan.changed] == ["other/cuda_part.py"]
    kept = [finding for finding in plan.findings if finding.file == "acc/cuda_part.py"]
    assert kept and {finding.verdict for finding in kept} == {Verdict.KEPT}
    assert all("npu_part.py" in finding.why for finding in kept)


def test_a_model_in_the_cache_of_the_hub_is_ported_and_the_cache_stays(tmp_path: Path) -> None:
    store = tmp_path / "models--owner--model"
    place = store / "snapshots" / "0123abcd"
    place.mkdir(parents=True)
    (store / "blobs").mkdir()
    for name, text in {"modeling_x.py": "x = x.cuda()\n", "config.json": "{}"}.items():
        (store / "blobs" / name).write_text(text)
        (place / name).symlink_to(os.path.relpath(store / "blobs" / name, place))
    (tmp_path / "secret.py").write_text("y.cuda()")
    (place / "outside.py").symlink_to(tmp_path / "secret.py")
    before = {path: path.read_bytes() for path in store.rglob("*.py")}
    with open_checkout(str(place)) as checkout:
        assert checkout.origin.commit == "0123abcd"
        assert checkout.origin.url == "https://huggingface.co/owner/model"
        plan = make_plan(checkout, Choice("npu"))
    assert [file.path for file in plan.files] == ["modeling_x.py"]
    assert "x.npu()" in ported(plan, "modeling_x.py")
    assert {path: path.read_bytes() for path in store.rglob("*.py")} == before
