"""The scripts that answer, as a person starts them: what they print beside what torch says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from porter.harness.result import Result
from porter.mindspore.verify import gates
from porter.mindspore.verify.levels import Place
from porter.mindspore.verify.parity import run_probe
from porter.mindspore.verify.tiny import tiny_model

# Each script with the options that it alone takes. Trainer and pipeline answer as long as the configuration lets them.
_SCRIPTS = {
    "generate.py": ["--tokens", "{tokens}"],
    "chat.py": ["--tokens", "{tokens}"],
    "pipeline.py": [],
    "trainer.py": ["--run_mode", "predict"],
}


def prompts(place: Place, home: Path) -> dict[str, Any] | Result:
    """A tokenizer for the tiny model, and the tokens of the questions that the scripts ask."""
    home.mkdir(parents=True, exist_ok=True)
    return _words(place, home, {})


def answers(place: Place, home: Path, config: Path, asked: dict[str, Any], said: list[list[int]]) -> list[Result]:
    """Every script with the weights that were converted; `said` is what torch answers to each question."""
    texts = _words(place, home, {"said": said})
    if isinstance(texts, Result):
        return [texts]
    return [_script(place, home, config, name, asked["questions"], texts["said"]) for name in _SCRIPTS]


def _script(place: Place, home: Path, config: Path, name: str, questions: list[str], wanted: list[str]) -> Result:
    count = str(gates.gates().greedy_tokens)
    options = ["--config", str(config), "--load_checkpoint", str(home / "weights.ckpt")]
    options += ["--tokenizer", str(home / "tokenizer"), *(word.format(tokens=count) for word in _SCRIPTS[name])]
    chat = name == "chat.py"
    out = home / f"{name}.txt"
    task = {
        "port": str(place.port),
        "script": name,
        "options": options,
        "typed": f"{questions[0]}\n\n" if chat else "",
        "out": str(out),
    }
    failed = run_probe(place, place.mindspore_python, "script_side.py", task, home, "answers")
    if failed:
        return failed
    printed = out.read_text(encoding="utf-8")
    wanted = wanted[:1] if chat else wanted
    # The last letter may be cut in its middle, where the answer ends.
    missing = [text for text in wanted if text.strip().rstrip("\ufffd") not in printed]
    text = f"it answers {len(wanted)} questions as torch does."
    if missing:
        text = f"torch answers {missing[0]!r}; it printed {printed[-300:]!r}."
    return gates.result("answers", f"run/{name}", not missing, text, {})


def _words(place: Place, home: Path, more: dict[str, Any]) -> dict[str, Any] | Result:
    out = home / "words.json"
    task = {
        "port": str(place.port),
        "folder": str(home / "tokenizer"),
        "packed": "baichuan" in place.model.family.model_types,
        "vocab": tiny_model(place.model).vocab,
        "out": str(out),
        **more,
    }
    failed = run_probe(place, place.mindspore_python, "words_side.py", task, home, "answers")
    if failed:
        return failed
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found
