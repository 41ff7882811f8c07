"""Weights keep every bit on their way to MindSpore and back, and what is wrong with them is said in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from porter.cli import porter
from porter.errors import UsageError
from porter.mindspore.model_dir import read_model
from porter.mindspore.weights import as_bin, as_ckpt
from porter.mindspore.weights.cast import Loss, cast, decoded
from porter.mindspore.weights.convert import convert
from porter.mindspore.weights.mapping import MINDSPORE, mapping
from porter.mindspore.weights.sides import plan
from porter.mindspore.weights.source import open_weights
from porter.mindspore.weights.target import Target


def run(*words: object) -> str:
    """`porter weights …`, which must end well."""
    done = CliRunner().invoke(porter, ["weights", *map(str, words)], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.output


def content(path: Path, name: str) -> bytes:
    return b"".join(open_weights(path).chunks(name))


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().view(torch.uint8).numpy().tobytes() if tensor.dim() else tensor.numpy().tobytes()


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors", ""])
@pytest.mark.parametrize(("form", "shards"), [("safetensors", 3), ("bin", 2)])
def test_there_and_back_keeps_every_bit(tmp_path: Path, family: str, suffix: str, form: str, shards: int) -> None:
    there = tiny.write(tmp_path / "hf", family, shards=shards, form=form)
    run("convert", tmp_path / "hf", tmp_path / f"ms{suffix}", "--shard-size", "0.001")
    run("convert", tmp_path / f"ms{suffix}", tmp_path / "back", "--model", tmp_path / "hf")
    back = load_file(tmp_path / "back" / "model.safetensors")
    assert back.keys() == there.keys()
    assert all(torch.equal(back[name].view(torch.uint8), there[name].view(torch.uint8)) for name in there)
    assert "0 differ" in run("compare", tmp_path / "hf", tmp_path / f"ms{suffix}")


def test_a_packed_projection_is_split_by_rows(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hf", "baichuan2-7b", torch.float32)
    run("convert", tmp_path / "hf", tmp_path / "out.safetensors")
    packed, made = there["model.layers.1.self_attn.W_pack.weight"], load_file(tmp_path / "out.safetensors")
    for place, name in enumerate("qkv"):
        assert torch.equal(made[f"model.layers.1.attention.w{name}.weight"], packed[64 * place : 64 * (place + 1)])
    assert len(there) == 7 * 3 + 3 and len(made) == 9 * 3 + 3


def test_the_order_of_shards_does_not_matter(tmp_path: Path) -> None:
    tiny.write(tmp_path / "one", "llama")
    tiny.write(tmp_path / "many", "llama", shards=5)
    for name in ("one", "many"):
        run("convert", tmp_path / name, tmp_path / f"{name}.ckpt")
    assert (tmp_path / "one.ckpt").read_bytes() == (tmp_path / "many.ckpt").read_bytes()


def test_tied_embeddings_are_written_once(tmp_path: Path) -> None:
    tiny.write(tmp_path / "hf", "qwen2", tie_word_embeddings=True)
    run("convert", tmp_path / "hf", tmp_path / "out.ckpt")
    assert "lm_head.weight" not in open_weights(tmp_path / "out.ckpt").stored


def test_tables_are_left_out_and_said(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hf", "llama")
    save_file(
        there | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)}, tmp_path / "hf/model.safetensors"
    )
    assert "Left out: model.layers.0.self_attn.rotary_emb.inv_freq" in run(
        "convert", tmp_path / "hf", tmp_path / "o.ckpt"
    )


@given(st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=64))
def test_bfloat16_is_exact_in_float32(halves: list[int]) -> None:
    data = np.array(halves, "<u2").tobytes()
    wide = cast(data, "bfloat16", "float32", Loss())
    expected = torch.frombuffer(bytearray(data), dtype=torch.bfloat16).float().numpy()
    assert np.array_equal(np.frombuffer(wide, "<f4"), expected, equal_nan=True)
    again = torch.frombuffer(bytearray(cast(wide, "float32", "bfloat16", Loss())), dtype=torch.bfloat16).float().numpy()
    assert np.array_equal(again, expected, equal_nan=True)


@given(st.lists(st.floats(width=32), min_size=1, max_size=64))
@pytest.mark.filterwarnings("ignore")
def test_rounding_is_that_of_torch(numbers: list[float]) -> None:
    values = np.array(numbers, "<f4")
    for dtype, kind in (("bfloat16", torch.bfloat16), ("float16", torch.float16)):
        theirs = torch.from_numpy(values.copy()).to(kind).float().numpy()
        assert np.array_equal(decoded(cast(values.tobytes(), "float32", dtype, Loss()), dtype), theirs, equal_nan=True)


def test_what_float16_cannot_hold_is_named(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hf", "llama")
    there["model.norm.weight"][3] = 70000
    save_file(there, tmp_path / "hf" / "model.safetensors")
    with pytest.raises(UsageError, match=r"norm_out.weight has 1 values beyond float16.*bfloat16 or float32"):
        run("convert", tmp_path / "hf", tmp_path / "o.ckpt", "--dtype", "float16")
    assert not list(tmp_path.glob("*porter*")) and not (tmp_path / "o.ckpt").exists()
    assert "beyond_float16 1" in run("inspect", tmp_path / "hf", "--values")
    run("convert", tmp_path / "hf", tmp_path / "o.ckpt", "--dtype", "float32")


# -- adapters ---


@pytest.mark.parametrize("family", ["baichuan2-7b", "llama"])
def test_adapters_there_and_back(tmp_path: Path, family: str) -> None:
    tiny.write(tmp_path / "hf", family)
    module = "base_model.model.model.layers.0.self_attn." + ("W_pack" if "bai" in family else "q_proj")
    rows = 192 if "bai" in family else 64
    there = {f"{module}.lora_A.weight": torch.randn(8, 64), f"{module}.lora_B.weight": torch.randn(rows, 8)}
    save_file(there, tmp_path / "adapter_model.safetensors")
    run("convert", tmp_path / "adapter_model.safetensors", tmp_path / "lora.ckpt", "--model", tmp_path / "hf")
    assert "model.layers.0.attention.wq.mindpet_delta_lora_a" in open_weights(tmp_path / "lora.ckpt").stored
    run("convert", tmp_path / "lora.ckpt", tmp_path / "back.safetensors", "--model", tmp_path / "hf")
    back = load_file(tmp_path / "back.safetensors")
    assert back.keys() == there.keys() and all(torch.equal(back[name], there[name]) for name in there)


def test_adapters_that_were_trained_apart_give_the_same_change_together(tmp_path: Path) -> None:
    tiny.write(tmp_path / "hf", "baichuan2-7b")
    apart = {}
    for name in "qkv":
        base = f"model.layers.2.attention.w{name}.mindpet_delta_lora_"
        apart |= {f"{base}a": torch.randn(4, 64), f"{base}b": torch.randn(64, 4)}
    save_file(apart, tmp_path / "lora.safetensors")
    said = run("convert", tmp_path / "lora.safetensors", tmp_path / "peft.safetensors", "--model", tmp_path / "hf")
    assert "rank 12 where each has 4" in said
    made = load_file(tmp_path / "peft.safetensors")
    base = "base_model.model.model.layers.2.self_attn.W_pack.lora_"
    whole = made[f"{base}B.weight"] @ made[f"{base}A.weight"]
    change = [
        apart[f"model.layers.2.attention.w{n}.mindpet_delta_lora_b"]
        @ apart[f"model.layers.2.attention.w{n}.mindpet_delta_lora_a"]
        for n in "qkv"
    ]
    assert torch.allclose(whole, torch.cat(change), atol=1e-5)


# -- what is wrong is said, and nothing stands under the final name ---


def refused(tmp_path: Path, source: Path, match: str, *more: object) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=match) as caught:
        run("convert", source, tmp_path / "out.ckpt", *more)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("form", ["safetensors", "bin"])
@pytest.mark.parametrize("left", [3, 100, 0.5, 0.9])
def test_a_truncated_shard(tmp_path: Path, form: str, left: float) -> None:
    tiny.write(tmp_path / "hf", "llama", shards=2, form=form)
    shard = next((tmp_path / "hf").glob("*00002*"))
    data = shard.read_bytes()
    shard.write_bytes(data[: int(left * len(data)) if left < 1 else int(left)])
    refused(tmp_path, tmp_path / "hf", "truncated|no safetensors file")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_checkpoint_is_read_whole_or_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    if not (folder / "whole.ckpt").exists():
        tiny.write(folder / "hf", "llama")
        run("convert", folder / "hf", folder / "whole.ckpt")
    whole = (folder / "whole.ckpt").read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    (folder / "cut.ckpt").write_bytes(whole[:cut])
    model = read_model(folder / "hf")
    with pytest.raises(UsageError):
        weights = open_weights(folder / "cut.ckpt")
        plan(model, weights)


def test_a_missing_tensor_shard_and_an_unknown_tensor(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hf", "llama")
    file = tmp_path / "hf" / "model.safetensors"
    save_file({name: there[name] for name in there if name != "model.norm.weight"}, file)
    refused(tmp_path, tmp_path / "hf", "model.norm.weight is missing")
    save_file(there | {"model.layers.1.self_attn.k_norm.weight": torch.ones(4)}, file)
    refused(tmp_path, tmp_path / "hf", "k_norm.weight is not of Llama")
    file.unlink()
    refused(tmp_path, tmp_path / "hf", "has no weights")
    tiny.write(tmp_path / "many", "llama", shards=2)
    index = tmp_path / "many" / "model.safetensors.index.json"
    known = json.loads(index.read_text())
    index.write_text(
        json.dumps({"weight_map": known["weight_map"] | {"extra.weight": "model-00001-of-00002.safetensors"}})
    )
    refused(tmp_path, tmp_path / "many", "lacks the tensor extra.weight")
    index.write_text(json.dumps(known))
    (tmp_path / "many" / "model-00002-of-00002.safetensors").unlink()
    refused(tmp_path, tmp_path / "many", "lacks the shard model-00002-of-00002.safetensors")


def test_a_wrong_dtype_and_a_configuration_of_another_model(tmp_path: Path) -> None:
    there = tiny.write(tmp_path / "hf", "llama")
    save_file(there | {"model.norm.weight": torch.ones(64, dtype=torch.int8)}, tmp_path / "hf" / "model.safetensors")
    refused(tmp_path, tmp_path / "hf", "int8.*no weight of a dtype")
    tiny.write(tmp_path / "b", "llama")
    config = tmp_path / "b" / "config.json"
    for key, value, match in (
        ("hidden_size", 96, "does not fit config.json"),
        ("num_hidden_layers", 2, "not of Llama with 2 layers"),
        ("num_hidden_layers", 4, "layers.3.* is missing"),
        ("num_attention_heads", 3, "do not fit|divide"),
        ("num_hidden_layers", "3", "no usable num_hidden_layers"),
        ("rope_scaling", {"rope_type": "llama3", "factor": 8}, "rope_scaling"),
        ("quantization_config", {"bits": 4}, "quantization_config"),
        ("model_type", "gpt2", "porter ports baichuan, llama, qwen2"),
    ):
        config.write_text(json.dumps(tiny.config("llama", **{key: value})))
        refused(tmp_path, tmp_path / "b", match)
    config.write_text("{")
    refused(tmp_path, tmp_path / "b", "JSON")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    tiny.write(tmp_path / "hf", "llama")
    (tmp_path / "out.ckpt").write_bytes(b"mine")
    refused(tmp_path, tmp_path / "hf", "overwrites no weights")
    assert (tmp_path / "out.ckpt").read_bytes() == b"mine"


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"a": Evil()}, tmp_path / "evil.bin")
    with pytest.raises(UsageError, match="no state dict needs"):
        as_bin.read(tmp_path / "evil.bin")
    assert not (tmp_path / "ran").exists()


def test_views_and_old_formats_of_torch(tmp_path: Path) -> None:
    base = torch.arange(24, dtype=torch.float32).reshape(6, 4)
    torch.save({"rows": base[2:4], "scalar": torch.tensor(2.0)}, tmp_path / "a.bin")
    read = as_bin.read(tmp_path / "a.bin")
    assert b"".join(read.chunks("rows")) == base[2:4].numpy().tobytes()
    torch.save({"turned": base.T}, tmp_path / "b.bin")
    with pytest.raises(UsageError, match="not contiguous"):
        as_bin.read(tmp_path / "b.bin")
    torch.save({"a": base}, tmp_path / "c.bin", _use_new_zipfile_serialization=False)
    with pytest.raises(UsageError, match=r"before 1\.6"):
        as_bin.read(tmp_path / "c.bin")


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.argv = ["porter", *sys.argv[2:]]
from porter.cli import main
main()
"""


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors", ""])
def test_a_full_disk_in_the_middle_and_going_on_later(tmp_path: Path, suffix: str) -> None:
    tiny.write(tmp_path / "hf", "llama", torch.float32, vocab_size=4000, num_hidden_layers=8)
    out = tmp_path / f"out{suffix}"
    words = ["weights", "convert", str(tmp_path / "hf"), str(out)]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(1_500_000), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "free some space" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not out.exists()
    assert "by an earlier run" in run(*words[1:])
    run(*words[1:3], tmp_path / f"whole{suffix}")
    if suffix:
        assert out.read_bytes() == (tmp_path / "whole").with_suffix(suffix).read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("stop", [1, 5, 17])
def test_a_stopped_run_goes_on_and_gives_the_same_bytes(
    tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("porter.mindspore.weights.convert._SYNC", 0)
    tiny.write(tmp_path / "hf", "llama", num_hidden_layers=5)
    weights = open_weights(tmp_path / "hf")
    mapped = mapping(read_model(tmp_path / "hf"), weights.tensors, MINDSPORE)
    seen: set[str] = set()

    def stopping(_: int, __: int, name: str) -> None:
        seen.add(name)
        if len(seen) > stop:
            raise KeyboardInterrupt

    for _ in range(2):
        seen.clear()
        with pytest.raises(KeyboardInterrupt):
            convert(weights, mapped, Target(tmp_path / "out.ckpt", MINDSPORE), stopping)
        assert not (tmp_path / "out.ckpt").exists()
    done = convert(weights, mapped, Target(tmp_path / "out.ckpt", MINDSPORE))
    assert done.resumed == 2 * stop
    convert(weights, mapped, Target(tmp_path / "whole.ckpt", MINDSPORE))
    assert (tmp_path / "out.ckpt").read_bytes() == (tmp_path / "whole.ckpt").read_bytes()


def test_another_source_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porter.mindspore.weights.convert._SYNC", 0)
    for name in ("a", "b"):
        tiny.write(tmp_path / name, "llama", torch.float32 if name == "a" else torch.bfloat16)

    def stopping(done: int, total: int, _: str) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    for name, progress in (("a", stopping), ("b", None)):
        weights = open_weights(tmp_path / name)
        mapped = mapping(read_model(tmp_path / name), weights.tensors, MINDSPORE)
        target = Target(tmp_path / "out.ckpt", MINDSPORE)
        if progress:
            with pytest.raises(KeyboardInterrupt):
                convert(weights, mapped, target, progress)
        else:
            assert convert(weights, mapped, target).resumed == 0


def test_memory_stays_far_below_a_shard(tmp_path: Path) -> None:
    """200 MB of weights, bfloat16 to float32, in a process that has 120 MB beyond what numpy itself takes."""
    tiny.write(
        tmp_path / "hf", "llama", vocab_size=500_000, hidden_size=96, intermediate_size=64, num_attention_heads=2
    )
    code = (
        "import resource, sys; import numpy; from porter.cli import main\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('grew', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    words = ["weights", "convert", str(tmp_path / "hf"), str(tmp_path / "o.ckpt"), "--dtype", "float32"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert int(done.stdout.rsplit("grew", 1)[1]) < 130_000, done.stdout
    assert (tmp_path / "o.ckpt").stat().st_size > 380_000_000


def test_a_tensor_beyond_a_slice_is_kept_as_mindspore_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_ckpt, "SLICE", 1000)
    there = tiny.write(tmp_path / "hf", "llama", torch.float32)
    run("convert", tmp_path / "hf", tmp_path / "o.ckpt")
    stored = open_weights(tmp_path / "o.ckpt").stored["lm_head.weight"]
    assert len(stored.spans) == -(-there["lm_head.weight"].nbytes // 1000)
    assert content(tmp_path / "o.ckpt", "lm_head.weight") == there["lm_head.weight"].numpy().tobytes()
