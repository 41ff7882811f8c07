"""Renders the files of a port from `templates/mindspore`: cells, configurations, scripts, and the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from porter.data import folder
from porter.mindspore.configurations import Chosen, compute_dtype
from porter.mindspore.hardware import Run, hardware
from porter.mindspore.model_dir import Model

if TYPE_CHECKING:
    from jinja2 import Environment

QUESTIONS = ["你是谁？", "《静夜思》作者是？", "白日依山尽，下一句是？"]

_IDS = {"bos": 1, "eos": 2, "pad": 0}
_TITLES = {"full": "Full fine-tuning", "lora": "LoRA fine-tuning", "predict": "Inference"}


def port_files(name: str, model: Model, chosen: Chosen) -> dict[str, str]:
    """Every file of a port but its report and lock, by its path."""
    made = _environment()
    facts = _facts(name, model)
    found = {
        "model/cells.py": made.get_template("cells.py.j2").render(facts),
        "model/mindformers_model.py": made.get_template("mindformers_model.py.j2").render(facts),
        "prepare.sh": made.get_template("prepare.sh.j2").render(facts),
    }
    for run in chosen.runs:
        found[f"configs/{run.name}.yaml"] = configuration(name, model, run)
    environment = [(f"{run.name}.yaml", sorted(run.environment.items())) for run in chosen.runs if run.environment]
    for kind in ("run", "launch"):
        for path in sorted((folder("templates") / "mindspore" / kind).glob("*.j2")):
            template = made.get_template(f"{kind}/{path.name}")
            found[f"{kind}/{path.stem}"] = template.render(facts, environment=environment)
    return found


def configuration(name: str, model: Model, run: Run) -> str:
    """One configuration of MindFormers."""
    kind = hardware()[run.hardware]
    nodes = f"{run.nodes} nodes, {run.cards} cards" if run.nodes > 1 else f"{run.cards} card{'s'[: run.cards > 1]}"
    title = f"{_TITLES[run.task]} of {model.family.title} on {kind.title}, {nodes}, {run.seq_length} tokens"
    facts = _facts(name, model) | {
        "run": run,
        "hardware": kind,
        "title": title,
        "predict": run.task == "predict",
        "shared": run.cards > 1 and run.nodes == 1,
        "dtype": compute_dtype(run, model),
        "eps": f"{model.eps:.1e}",
    }
    return _environment().get_template("config.yaml.j2").render(facts)


def render_report(facts: dict[str, Any]) -> str:
    """report.md."""
    from porter.report.safe import code, prose

    made = _environment()
    made.filters |= {"code": code, "prose": prose}
    return made.get_template("report.md.j2").render(facts)


def _facts(name: str, model: Model) -> dict[str, Any]:
    from porter.mindspore.environment import target

    rope = model.family.position == "rope"
    config = model.config
    return {
        "name": _plain(name),
        "model": model,
        "rope": rope,
        "alibi": not rope,
        "grouped": model.kv_heads != model.heads,
        "differs": not rope or model.family.head == "normalised",
        "arch": f"Ported{model.family.title.title().replace('-', '').replace(' ', '')}ForCausalLM",
        "ids": {
            key: _id(config.get(f"{key}_token_id"), default) for key, default in (("bos", 1), ("eos", 2), ("pad", 0))
        },
        "prompt": json.dumps(model.family.prompt, ensure_ascii=False),
        "questions": json.dumps(QUESTIONS, ensure_ascii=False),
        "packed_tokenizer": "baichuan" in model.family.model_types,
        "stack": target(),
    }


def _id(value: Any, default: int) -> int:
    """Some models end at any of several tokens: MindFormers takes one."""
    value = value[0] if isinstance(value, list) and value else value
    return value if type(value) is int else default


def _plain(name: str) -> str:
    """A name that can stand in Python, YAML and shell without harm."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name) or "model"


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder("templates") / "mindspore"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
