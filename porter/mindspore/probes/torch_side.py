"""Runs where torch is: makes the tiny model, writes its weights as Hugging Face has them, and what it computes.

A script: `python torch_side.py TASK.json`. The task names the configuration, the family's traits and a folder.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

IGNORED = -100
PENALTY = 1.05  # that of the scripts of a port


class Wrapped(torch.nn.Module):
    """A model of transformers that gives its logits alone."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, ids):
        return self.inner(input_ids=ids, use_cache=False).logits


def build(task):
    config = task["config"]
    if config["model_type"] == "baichuan":
        sys.path.insert(0, str(Path(__file__).parent))
        from baichuan import Baichuan

        model = Baichuan(config, task["rope"], task["normalised"])
        return model, model
    import transformers

    plain = {key: value for key, value in config.items() if key not in ("torch_dtype", "dtype", "architectures")}
    settings = transformers.AutoConfig.for_model(plain.pop("model_type"), **plain)
    settings._attn_implementation = "eager"
    inner = transformers.AutoModelForCausalLM.from_config(settings).float()
    return Wrapped(inner), inner


def fill(model):
    """Weights that bfloat16 holds exactly, and that are neither so small nor so equal that a swap would not be seen."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            noise = torch.randn(weight.shape, generator=generator)
            scale = 0.05 if "lm_head" in name or "bias" in name else 0.3
            weight.copy_((1 + 0.1 * noise if "norm" in name else scale * noise).bfloat16().float())


def loss_of(model, ids, labels):
    logits = model(ids)[:, :-1]
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=IGNORED)


def answer(model, ids, count, end):
    """The likeliest continuation with the penalty on tokens that were there, up to the one that ends it."""
    tokens = list(ids)
    with torch.no_grad():
        while len(tokens) < len(ids) + count and (len(tokens) == len(ids) or tokens[-1] != end):
            logits = model(torch.tensor([tokens]))[0, -1]
            seen = sorted(set(tokens))
            logits[seen] = torch.where(logits[seen] < 0, logits[seen] * PENALTY, logits[seen] / PENALTY)
            tokens.append(int(logits.argmax()))
    return tokens[len(ids) :]


def main():
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(task["folder"])
    torch.manual_seed(0)
    model, inner = build(task)
    fill(inner)
    names = dict(inner.named_parameters())
    (out / "hf").mkdir(parents=True)
    weights = {name: weight.detach().to(torch.bfloat16).contiguous() for name, weight in names.items()}
    order = sorted(weights)
    for shard in range(2):
        part = {name: weights[name] for name in order[shard::2]}
        save_file(part, out / "hf" / f"model-{shard + 1:05}-of-00002.safetensors", metadata={"format": "pt"})
    (out / "hf" / "config.json").write_text(json.dumps(task["config"]), encoding="utf-8")

    random = np.random.RandomState(0)
    ids = random.randint(3, task["config"]["vocab_size"], (2, 24))
    labels = ids.copy()
    labels[:, :5] = IGNORED
    given, wanted = torch.from_numpy(ids), torch.from_numpy(labels)
    found = {"ids": ids.astype(np.int32), "labels": labels.astype(np.int32)}
    model.eval()
    with torch.no_grad():
        found["logits"] = model(given).numpy()
        tokens = given
        for _ in range(task["greedy"]):
            tokens = torch.cat((tokens, model(tokens)[:, -1].argmax(-1, keepdim=True)), 1)
        found["greedy"] = tokens.numpy().astype(np.int32)
    for number, prompt in enumerate(task["prompts"]):
        found[f"answer_{number}"] = np.array(answer(model, prompt, task["answer"], task["config"]["eos_token_id"]))
    # Eight batches that are the same, so that the loss can only fall.
    rows = np.tile(random.randint(3, task["config"]["vocab_size"], (2, 25)), (8, 1))
    rows_labels = np.where(np.arange(25) < 5, IGNORED, rows)
    with torch.no_grad():
        found["rows_loss"] = np.array(
            loss_of(model, torch.from_numpy(rows[:2]), torch.from_numpy(rows_labels[:2])).item()
        )
    found |= {"rows": rows.astype(np.int32), "rows_labels": rows_labels.astype(np.int32)}
    loss = loss_of(model, given, wanted)
    loss.backward()
    found["loss"] = np.array(loss.item())
    (out / "gradients").mkdir()
    gradients = {name: weight.grad.contiguous() for name, weight in names.items()}
    save_file(gradients, out / "gradients" / "model.safetensors", metadata={"format": "pt"})
    adam, steps = torch.optim.Adam(inner.parameters(), lr=1e-3, betas=(0.9, 0.95), eps=1e-8), []
    for _ in range(10):
        adam.zero_grad()
        loss = loss_of(model, given, wanted)
        loss.backward()
        adam.step()
        steps.append(loss.item())
    found["steps"] = np.array(steps)
    np.savez(out / "torch.npz", **found)


if __name__ == "__main__":
    main()
