"""What a small model is to be like, as the probe takes it: from a family of porter's, or from a model's own folder."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from porter.errors import UsageError
from porter.harness.candidates import Model
from porter.harness.models import find
from porter.harness.probes import tiny
from porter.harness.sources import Source, read
from porter.tiny.family import Family, code, families

_VOCABULARY = 1024
_CODE = "model_code"  # a package of its own, since the files of a checkpoint import each other as `.other`
_OF_TOKENS = ("pad_token_id", "bos_token_id", "eos_token_id")


@dataclass(frozen=True)
class Like:
    """An order for the probe, and the tree that the model's code lies in."""

    tree: Path
    order: dict[str, Any]
    note: str = ""  # what cannot be as in the model that it is like


def like(name: str, scratch: Path) -> Like:
    """What `--like` means: a family's name, or a folder with a config.json or a model's code."""
    tree = scratch / "tree"
    known = families()
    if name in known:
        return _of_family(known[name], tree)
    folder = Path(name)
    if not folder.is_dir():
        raise UsageError(f"{name} is neither a folder nor one of {', '.join(known)}; give --like one of these.")
    config = _config(folder)
    if config is not None and not config.get("auto_map") and not list(folder.glob("modeling*.py")):
        return _of_transformers(folder, config, tree)
    return _of_code(folder, config, tree)


def _of_family(family: Family, tree: Path) -> Like:
    place = tree / _CODE
    place.mkdir(parents=True)
    files = code(family)
    for file in files:
        shutil.copyfile(file, place / file.name)
    configuration = family.module.replace("modeling", "configuration")
    auto_map = {
        "AutoConfig": f"{configuration}.{family.config_class}",
        "AutoModel": f"{family.module}.{family.class_}",
        "AutoModelForCausalLM": f"{family.module}.{family.class_}",
    }
    if family.auto_model:
        auto_map[family.auto_model] = auto_map["AutoModel"]
    order = {
        "module": f"{_CODE}.{family.module}" if files else family.module,
        "class": family.class_,
        "config_module": f"{_CODE}.{configuration}" if files else family.module,
        "config_class": family.config_class,
        "path": [""],
        "config": {**family.config, family.vocabulary_name: _VOCABULARY},
        "code": [f"{_CODE}/{file.name}" for file in files],
        "auto_map": auto_map if files else {},
        "prompts": list(family.prompts),
        "generation": family.generation,
        "tokenizer": {
            "special": family.tokens,
            "begin": list(family.begin),
            "vocabulary": _VOCABULARY,
            "class": family.tokenizer,
            "length": family.length,
            "chat_template": family.chat_template,
        },
    }
    return Like(tree, order)


def _of_transformers(folder: Path, config: dict[str, Any], tree: Path) -> Like:
    """A checkpoint whose code transformers has: the class that its config.json names."""
    named = config.get("architectures")
    if not (isinstance(named, list) and named and isinstance(named[0], str) and named[0].isidentifier()):
        raise UsageError(f"{folder}/config.json names no class under `architectures`; name one that transformers has.")
    tree.mkdir(parents=True)
    order = {
        "module": "transformers",
        "class": named[0],
        "config_module": "transformers",
        "config_class": "",
        "config_of_class": True,
        "path": [""],
        "config": tiny.saved(config),
        "auto_map": {},
        "prompts": ["{question}"],
        "generation": _generation(folder),
    }
    return Like(tree, order)


def _of_code(folder: Path, config: dict[str, Any] | None, tree: Path) -> Like:
    place = tree / _CODE if config is not None else tree
    ignore = shutil.ignore_patterns(".git", "__pycache__", "*.bin", "*.safetensors", "*.pt", "*.pth", "*.ckpt")
    shutil.copytree(folder, place, ignore=ignore)
    sources = read(tree)
    model = _chosen(sources, config or {}, folder)
    needed = _imported(sources, {model.module, model.config_module})
    order = {**model.order, "code": needed, "prompts": ["{question}"], "generation": _generation(folder)}
    note = "" if not (folder / "tokenizer_config.json").is_file() else "its tokenizer is a small one of porter's own"
    return Like(tree, order, note)


def _chosen(sources: list[Source], config: dict[str, Any], folder: Path) -> Model:
    """The class that config.json means, else the first model that is found."""
    found = find(sources, {})
    auto_map = config.get("auto_map")
    meant = list(auto_map.values()) if isinstance(auto_map, dict) else []
    names = {str(value).rpartition(".")[2] for value in [*meant, *(config.get("architectures") or ())]}
    every = [*found.tried, *found.beyond]
    named = [model for model in every if model.name in names]
    if not every:
        raise UsageError(f"{folder} has no model class that can be made small; name a folder with a model's code.")
    return (named or every)[0]


def _imported(sources: list[Source], modules: set[str]) -> list[str]:
    """The files of these modules and those beside them that they import: what a checkpoint folder has to hold."""
    beside = {source.name.rpartition(".")[2]: source for source in sources}
    found: list[str] = []
    ahead = sorted(name.rpartition(".")[2] for name in modules)
    while ahead:
        source = beside.get(ahead.pop())
        if source is not None and source.file not in found:
            found.append(source.file)
            nodes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom)]
            ahead += [node.module.rpartition(".")[2] for node in nodes if node.module]
    return sorted(found)


def _config(folder: Path) -> dict[str, Any] | None:
    return _json(folder / "config.json")


def _generation(folder: Path) -> dict[str, Any]:
    """What the model's own chat may read of generation_config.json, but for chance and for what the tokens are."""
    whole = _json(folder / "generation_config.json") or {}
    tokens = {name: value for name, value in whole.items() if name.endswith("_token_id") and name not in _OF_TOKENS}
    small = {name: value for name, value in tokens.items() if isinstance(value, int) and value < tiny.VOCABULARY}
    return {**small, "max_new_tokens": tiny.LENGTH // 2, "do_sample": False}


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} is not readable as JSON ({error}).") from error
    if not isinstance(whole, dict):
        raise UsageError(f"{path} holds no table.")
    return whole
