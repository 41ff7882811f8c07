"""Accounts for all that lies in a model's folder: every tensor, every key of its configuration and every file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from porter.checkout.walk import all_paths
from porter.data import folder
from porter.errors import UsageError
from porter.mindspore.hardware import renamed
from porter.mindspore.model_dir import CONFIG, Model
from porter.mindspore.weights.mapping import MINDSPORE, Mapped, mapping
from porter.mindspore.weights.source import INDEXES, formats, open_weights
from porter.model import Verdict

_TOKENIZER = ("tokenizer", "special_tokens_map", "vocab.", "merges.txt", "added_tokens", "chat_template")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the folder with its verdict and the reason."""

    subject: str
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Tensors:
    """What becomes of the weights. Without weights in the folder `mapped` is nothing, and `missing` says why."""

    mapped: Mapped | None
    found: int = 0
    size: int = 0
    form: str = ""
    missing: str = ""


def tensors(root: Path, model: Model) -> Tensors:
    """Reads only names and shapes. Weights that are there must fit; a folder may also have none yet."""
    if not any(file.suffix in formats() or file.name in INDEXES for file in root.iterdir()):
        return Tensors(None, missing="There are no weights in the folder, so their names and shapes were not compared.")
    weights = open_weights(root)
    mapped = mapping(model, weights.tensors, MINDSPORE)
    size = sum(tensor.size for tensor in weights.tensors.values())
    return Tensors(mapped, len(weights.stored), size, weights.form)


def keys(model: Model) -> list[Row]:
    """A verdict for each key of config.json."""
    known = _keys()
    found = []
    for key in sorted(model.config):
        if key in known["carried"]:
            found.append(Row(key, Verdict.PORTED, f"Becomes {known['carried'][key]}."))
        elif key in known["checked"]:
            found.append(Row(key, Verdict.KEPT, f"Checked: {known['checked'][key]}."))
        elif key in known["without_effect"]:
            found.append(Row(key, Verdict.KEPT, f"Without effect: {known['without_effect'][key]}."))
        else:
            why = "porter does not know this key; look whether it changes what the model computes."
            found.append(Row(key, Verdict.REVIEW, why))
    return found


def files(root: Path) -> list[Row]:
    """A verdict for each file of the folder."""
    return [_file(root, path) for path in sorted(all_paths(root)) if not path.endswith("/")]


def old_configurations(root: Path) -> dict[str, str]:
    """The configurations of MindFormers that lie in the folder, with the names that it has now."""
    found = {}
    for path in sorted((*root.glob("*.yaml"), *root.glob("*.yml"))):
        text = path.read_text(encoding="utf-8", errors="surrogateescape").replace("\r\n", "\n")
        if "model_config:" in text and "runner_config:" in text:
            found[path.name] = _in_new_names(text)
    return found


def _file(root: Path, path: str) -> Row:
    name = Path(path).name
    if name == CONFIG:
        return Row(path, Verdict.PORTED, "Its sizes are in `model/cells.py` and in `configs/`.")
    if Path(path).suffix in formats() or name in INDEXES:
        return Row(path, Verdict.KEPT, "Weights stay where they are; `prepare.sh` converts them.")
    if name.startswith(_TOKENIZER) or name.startswith("tokenization_"):
        return Row(path, Verdict.KEPT, "The run scripts take the tokenizer from the original folder (`--tokenizer`).")
    if name.startswith(("modeling_", "configuration_")):
        return Row(path, Verdict.PORTED, "Replaced by `model/cells.py` and `model/mindformers_model.py`.")
    if path in old_configurations(root):
        return Row(path, Verdict.PORTED, f"Carried over to `configs/own/{name}` with MindFormers' names of today.")
    if name.startswith("generation"):
        return Row(path, Verdict.REVIEW, "Not read: the run scripts take the likeliest token; set sampling there.")
    if Path(path).suffix == ".py":
        return Row(path, Verdict.MANUAL, "Not ported: PyTorch code beside the model. Write it anew if you need it.")
    return Row(path, Verdict.KEPT, "Not needed by the port.")


def _in_new_names(text: str) -> str:
    """Line by line, so that comments and layout stay: this is a person's file."""
    lines, betas = [], {}
    for line in text.splitlines():
        name = line.split("#")[0].partition("type:")[2].strip().strip("'\"")
        change = next((each for each in renamed() if each.name == name), None)
        key = line.strip().partition(":")[0]
        if key in ("beta1", "beta2") and "FP32StateAdamWeightDecay" in text:
            betas[key] = line.partition(":")[2].split("#")[0].strip()
            if len(betas) == 2:
                indent = line[: len(line) - len(line.lstrip())]
                lines.append(f"{indent}betas: [{betas['beta1']}, {betas['beta2']}]")
        elif change is None:
            lines.append(line)
        elif change.to is not None:
            lines.append(line.replace(change.name, change.to))
        else:
            lines.append(f"{line[: len(line) - len(line.lstrip())]}# {line.strip()}  (gone: {change.why})")
    return "\n".join(lines) + "\n"


@cache
def _keys() -> dict[str, dict[str, str]]:
    import yaml

    found: dict[str, dict[str, str]] = yaml.safe_load(
        (folder("rules") / "mindspore" / "config_keys.yaml").read_text(encoding="utf-8")
    )
    if set(found) != {"carried", "checked", "without_effect"}:
        raise UsageError("rules/mindspore/config_keys.yaml must have carried, checked and without_effect.")
    return found
