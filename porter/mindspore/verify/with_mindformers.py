"""With MindFormers itself: the port's class beside torch, and its Trainer on eight steps of real data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from porter.harness.result import Outcome, Result
from porter.mindspore.dataset.mindrecord import write
from porter.mindspore.verify import gates
from porter.mindspore.verify.answers import answers, prompts
from porter.mindspore.verify.levels import Place
from porter.mindspore.verify.parity import run_probe, torch_side
from porter.mindspore.verify.tiny import shape_of, tiny_model
from porter.mindspore.weights.cast import numpy
from porter.mindspore.weights.convert import convert
from porter.mindspore.weights.mapping import MINDSPORE, mapping
from porter.mindspore.weights.source import open_weights
from porter.mindspore.weights.target import Target

_LOSS = re.compile(r"step:\[\s*(\d+)/\s*\d+\], loss:\s*\[?([\d.]+)")


def with_mindformers(place: Place) -> list[Result]:
    """The class, then full fine-tuning and LoRA by the configurations of the port."""
    if "mindformers" not in place.versions:
        said = "The Python with MindSpore has no mindformers; --download makes one that has."
        return [Result("trainer", "the port", Outcome.NOT_APPLICABLE, said)]
    home = place.scratch / "mindformers"
    asked = prompts(place, home)
    if isinstance(asked, Result):
        return [asked]
    failed = torch_side(place, home, asked["asked"])
    if failed:
        return [failed]
    tiny = tiny_model(place.model)
    source = open_weights(home / "hf")
    convert(source, mapping(tiny, source.tensors, MINDSPORE), Target(home / "weights.ckpt", MINDSPORE, "float32"))
    np = numpy()
    with np.load(home / "torch.npz") as arrays:
        reference = {name: arrays[name] for name in arrays.files}
    # MindFormers masks every token that has the number of the padding, so that must be one that never comes.
    used = set(reference["greedy"].ravel().tolist()) | set(reference["rows"].ravel().tolist())
    pad = max(set(range(tiny.vocab)) - used)
    results = _wrapper(place, home, reference, pad)
    told = [reference[f"answer_{number}"].tolist() for number in range(len(asked["asked"]))]
    longest = max(map(len, asked["asked"])) + gates.gates().greedy_tokens
    results += answers(place, home, _config(place, home, "predict", pad, longest), asked, told)
    rows = zip(reference["rows"].tolist(), reference["rows_labels"].tolist(), strict=True)
    write(rows, home / "rows.mindrecord", place.mindspore_python)
    for task in ("finetune", "lora"):
        results.append(_trainer(place, home, task, reference, pad))
    return results


def _wrapper(place: Place, home: Path, reference: dict[str, Any], pad: int) -> list[Result]:
    config = _config(place, home, "predict", pad, reference["ids"].shape[1] + gates.gates().greedy_tokens)
    task = {
        "port": str(place.port),
        "config": str(config),
        "weights": str(home / "weights.ckpt"),
        "arrays": str(home / "torch.npz"),
        "greedy": gates.gates().greedy_tokens,
        "pad": pad,
        "out": str(home / "wrapper.npz"),
    }
    failed = run_probe(place, place.mindspore_python, "wrapper_side.py", task, home, "wrapper")
    if failed:
        return [failed]
    with numpy().load(home / "wrapper.npz") as found:
        equal = bool(numpy().array_equal(found["greedy"], reference["greedy"]))
        said = f"generate gives {'the same' if equal else 'other'} tokens as torch."
        return [
            gates.logits("MindFormers' class", found["logits"], reference["logits"], "wrapper"),
            gates.result("wrapper", "generate", equal, said, {}),
        ]


def _trainer(place: Place, home: Path, task: str, reference: dict[str, Any], pad: int) -> Result:
    config = _config(place, home, task, pad, reference["rows"].shape[1] - 1)
    options = ["--config", str(config), "--load_checkpoint", str(home / "weights.ckpt")]
    options += ["--train_data", str(home / "rows.mindrecord"), "--run_mode", "finetune"]
    work = home / task
    work.mkdir()
    told = {"port": str(place.port), "script": "trainer.py", "options": options}
    failed = run_probe(place, place.mindspore_python, "script_side.py", told, work, "trainer")
    if failed:
        return failed
    logs = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(work.rglob("*.log")))
    losses = {int(step): float(loss) for step, loss in _LOSS.findall(logs)}
    steps = len(reference["rows"]) // 2
    if sorted(losses) != list(range(1, steps + 1)):
        return gates.result("trainer", task, False, f"it logged the steps {sorted(losses)}, not 1 to {steps}.", {})
    first, wanted = losses[1], float(reference["rows_loss"])
    good = abs(first - wanted) <= gates.gates().loss * wanted and losses[steps] < first
    saved = sorted(path.name for path in work.rglob("*.ckpt"))
    said = f"{steps} steps: the first loss is {first:.6f} where torch has {wanted:.6f}, the last {losses[steps]:.6f}"
    return gates.result("trainer", task, good and bool(saved), f"{said}; {len(saved)} checkpoints were saved.", {})


def _config(place: Place, home: Path, task: str, pad: int, length: int) -> Path:
    """A configuration of the port, with the sizes of the tiny model and what a CPU can do."""
    import yaml

    path = next(iter(sorted((place.port / "configs").glob(f"{task}*_a2*.yaml"))), None)
    path = path or next(iter(sorted((place.port / "configs").glob(f"{task}*.yaml"))))
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    shape = shape_of(tiny_model(place.model))
    small = {key: value for key, value in shape.items() if key != "seq_length"}
    on_cpu = {"compute_dtype": "float32", "param_init_type": "float32", "use_flash_attention": False}
    on_cpu |= {"use_past": False, "fused_rms_norm": False, "use_rope_slice": True}
    config["model"]["model_config"] |= {**small, **on_cpu, "seq_length": length, "batch_size": 2, "pad_token_id": pad}
    if "pet_config" in config["model"]["model_config"]:
        config["model"]["model_config"]["pet_config"] |= {"lora_rank": 4, "lora_dropout": 0.0}
    # Graph mode wants every input padded to the full length; the answers are made step by step.
    config["context"] = {"mode": int(task == "predict"), "device_target": "CPU", "max_call_depth": 10000}
    config["parallel_config"] |= {"data_parallel": 1, "model_parallel": 1, "pipeline_stage": 1, "micro_batch_num": 1}
    config |= {"use_parallel": False, "auto_trans_ckpt": False, "output_dir": str(home / task / "output")}
    config["runner_config"] |= {"epochs": 1, "batch_size": 2, "sink_mode": False}
    if "train_dataset" in config:
        dataset = config["train_dataset"] | {"num_parallel_workers": 1}
        dataset["data_loader"]["shuffle"] = False
        config["train_dataset"] = config["train_dataset_task"]["dataset_config"] = dataset
        config["lr_schedule"] |= {"learning_rate": 1e-3, "lr_end": 1e-3}
        config["recompute_config"]["recompute"] = False
    made = home / f"{task}.yaml"
    made.write_text(yaml.safe_dump(config), encoding="utf-8")
    return made
