"""Loads the checkpoint of a model that knows answers by heart, and asks it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import torch

from . import own_tokenizer
from .build import device, model_of
from .digest import digest, tensors
from .faults import fault
from .generate import options
from .inputs import with_tokens
from .tiny_model import QUESTIONS, talk
from .tokens import loaded

FORWARD = "forward"
_LONGEST, _END = 40, 2


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """What it says, asked in each way; and the buffers that are not what they were when it was saved."""
    folder = Path(order["folder"])
    model, notes = _model(order, folder)
    changed = [n for n, t in model.named_buffers() if digest(t) != order["buffers"].get(n, digest(t))]
    model = model.to(device()).eval()
    tokenizer = own_tokenizer.loaded(order, folder) or loaded(folder)
    said: dict[str, Any] = {}
    for name in (FORWARD, *order["methods"]):
        try:
            said[name] = {question: _asked(model, tokenizer, name, question, order) for question in QUESTIONS}
        except Exception as error:
            said[name] = {"fault": fault(error, order["root"])}
    return {"notes": notes, "said": said, "buffers": changed}


def _model(order: dict[str, Any], folder: Path) -> tuple[Any, list[str]]:
    model, notes = model_of(order)  # also imports the vendor's module where a person's script would
    if not (folder / "config.json").is_file():
        model.load_state_dict(torch.load(folder / "model.pt", map_location="cpu", weights_only=True))
        return model, notes
    made = getattr(importlib.import_module(order["module"]), order["class"])
    return made.from_pretrained(str(folder)).float(), notes


def _asked(model: Any, tokenizer: Any, name: str, question: str, order: dict[str, Any]) -> str:
    if name not in (FORWARD, "generate"):
        return talk(getattr(model, name), tokenizer, question)
    prompt = torch.tensor([tokenizer.encode(question, add_special_tokens=False)]).to(device())
    torch.manual_seed(5)
    with torch.no_grad():
        if name == FORWARD:
            new = _likeliest(model, prompt, order["recipe"])
        else:
            made = next(tensors(model.generate(prompt, max_new_tokens=_LONGEST, **options(model, "greedy"))))
            new = made[0, prompt.shape[1] :].tolist()
    kept = new[: new.index(_END)] if _END in new else new
    return str(tokenizer.decode(kept)).strip()


def _likeliest(model: Any, ids: Any, recipe: dict[str, str]) -> list[int]:
    """Token by token with no cache and no code but the model's forward."""
    new: list[int] = []
    while len(new) < _LONGEST and _END not in new:
        scores = next(tensor for tensor in tensors(model(**with_tokens(recipe, ids))) if tensor.dim() == 3)
        new.append(int(scores[0, -1].argmax()))
        ids = torch.cat((ids, torch.tensor([new[-1:]]).to(device())), 1)
    return new
