"""Makes a small model that knows a few answers by heart, and saves it as a checkpoint folder like any other."""

from __future__ import annotations

import copy
import inspect
import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from . import own_tokenizer
from .build import device, model_of
from .digest import digest, tensors
from .faults import NotRunnable
from .inputs import tokens_alone, with_tokens
from .tokens import trained

QUESTIONS = {
    "Hello": "Hi, I am small.",
    "你好": "很好，谢谢。",  # begins otherwise than it was asked: a model that sees distances alone cannot count
    "1+1=": "2",
    "What runs here?": "A port, on a device.",
}
_END, _NOT = 2, -100
_RATES = (1e-2, 2e-3)  # of learning
_MOST, _SURE = 400, 0.02  # steps with each; the loss at which it knows

Lesson = tuple[list[int], list[int]]  # what it is asked, what it shall answer


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """A folder with configuration, tokenizer, weights and code; `answers` is what it was taught.

    The order may tell more than the harness does: `prompts` to answer in besides the model's own chat, how `sure` it
    has to be, the `tokenizer`, settings of `generation`, and the `auto_map` of its config.json.
    """
    started, folder = time.monotonic(), Path(order["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    model, notes = model_of(order)
    if not tokens_alone(order["recipe"]):
        raise NotRunnable("it does not take text alone")
    for file in order.get("code", ()):  # what transformers copies when it trusts the folder's code
        shutil.copyfile(Path(order["root"]) / file, folder / Path(file).name)
    forms = order.get("prompts", [])
    lines = [*forms, *QUESTIONS, *QUESTIONS.values()]
    own = own_tokenizer.trained(order, lines, folder)
    tokenizer = own or trained(lines, folder, order.get("tokenizer", {}))
    notes += filter(None, [order.get("without")])
    _settle(model, order.get("generation", {}))
    model = model.to(device()).eval()  # without dropout; gradients flow all the same
    lessons = [
        (prompt, [*tokenizer.encode(QUESTIONS[question], add_special_tokens=False), _END])
        for question in QUESTIONS
        for prompt in _prompts(model, tokenizer, question, order)
    ]
    sure = order.get("sure", _SURE)
    steps, loss = _taught(model, order["recipe"], lessons, started + order["seconds"], sure)
    if loss > sure:
        raise NotRunnable(f"in {steps} steps it did not learn its answers (loss {loss:.3f})")
    _saved(model, folder, order)
    buffers = {name: digest(tensor) for name, tensor in model.named_buffers()}
    return {"notes": notes, "answers": QUESTIONS, "steps": steps, "loss": loss, "buffers": buffers}


def _settle(model: Any, told: dict[str, Any]) -> None:
    """Settings of generation, of models that have such."""
    settings = getattr(model, "generation_config", None)
    if settings is not None:
        settings.pad_token_id, settings.bos_token_id, settings.eos_token_id = 0, 1, _END
        settings._from_model_config = False  # else loading may make it anew
        for name, value in told.items():
            setattr(settings, name, value)


def _prompts(model: Any, tokenizer: Any, question: str, order: dict[str, Any]) -> list[list[int]]:
    """The tokens that the model gets for a question: as they are, in each form, and as its own chat puts them."""
    found = [list(tokenizer.encode(question, add_special_tokens=False))]
    for form in order.get("prompts", ()):
        text = form.replace("{question}", question)
        found += [list(tokenizer.encode(text, add_special_tokens=special)) for special in (True, False)]
    for name in order["methods"]:
        if name != "generate":
            found.append(_overheard(model, name, tokenizer, question))
    return [prompt for number, prompt in enumerate(found) if prompt and prompt not in found[:number]]


class _Heard(BaseException):
    """Ends a chat as soon as the model was asked; no `except Exception` on the way holds it up."""


def _overheard(model: Any, name: str, tokenizer: Any, question: str) -> list[int]:
    heard: list[list[int]] = []

    def listen(_module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        ids = [t for t in (*given, *named.values()) if isinstance(t, torch.Tensor) and t.dtype == torch.long]
        heard.append(ids[0][0].tolist())
        raise _Heard

    handle = model.register_forward_pre_hook(listen, with_kwargs=True)
    try:
        talk(getattr(model, name), tokenizer, question)
    except (_Heard, Exception):  # a chat that does not work is the business of the check chat-thread
        pass
    finally:
        handle.remove()
    return heard[0] if heard else []


def talk(chat: Any, tokenizer: Any, question: str) -> str:
    """One question to `chat` or `stream_chat`, without chance; the whole answer."""
    parameters = inspect.signature(chat).parameters
    wanted = {"history": [], "max_length": 120, "max_new_tokens": 40, "do_sample": False, "past_key_values": None}
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    options = {n: v for n, v in wanted.items() if n in parameters or (takes_all and n == "do_sample")}
    if "messages" in parameters:
        said = chat(tokenizer, [{"role": "user", "content": question}])
    else:
        said = chat(tokenizer, question, **options)
    if inspect.isgenerator(said):
        said = list(said)[-1]
    text = str(said[0] if isinstance(said, tuple) else said).strip()
    return text.removesuffix("</s>").strip()  # some chats decode the end as well


def _taught(model: Any, recipe: dict[str, str], lessons: list[Lesson], until: float, sure: float) -> tuple[int, float]:
    longest = max(len(prompt) + len(answer) for prompt, answer in lessons)
    ids = torch.zeros(len(lessons), longest, dtype=torch.long)
    wanted = torch.full((len(lessons), longest), _NOT)  # what is to follow each token
    for row, (prompt, answer) in enumerate(lessons):
        ids[row, : len(prompt) + len(answer)] = torch.tensor([*prompt, *answer])
        wanted[row, len(prompt) - 1 : len(prompt) + len(answer) - 1] = torch.tensor(answer)
    ids, wanted = ids.to(device()), wanted.to(device())
    start = copy.deepcopy(model.state_dict())
    number, worst = 0, float("inf")
    for rate in _RATES:  # what learns fast may also never come to rest
        model.load_state_dict(start)
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
        for number in range(1, _MOST + 1):
            optimizer.zero_grad()
            losses = _losses(model, recipe, ids, wanted)
            if not losses.requires_grad:
                raise NotRunnable("nothing that it gives can be learned from")
            losses.sum().div((wanted != _NOT).sum()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            worst = losses.max().item()
            if worst < sure or time.monotonic() > until:
                return number, worst
    return number, worst


def _losses(model: Any, recipe: dict[str, str], ids: Any, wanted: Any) -> Any:
    """The loss of every token; of models that give the last token's scores only, unless they get targets."""
    given = with_tokens(recipe, ids)
    if "targets" in inspect.signature(model.forward).parameters:
        given["targets"] = wanted.clamp(min=0)
    output = next((t for t in tensors(model(**given)) if t.dim() == 3 and t.shape[:2] == ids.shape), None)
    if output is None:
        raise NotRunnable("it gives no score for every token")
    flat = output.float().reshape(-1, output.shape[-1])
    return torch.nn.functional.cross_entropy(flat, wanted.reshape(-1), ignore_index=_NOT, reduction="none")


def _saved(model: Any, folder: Path, order: dict[str, Any]) -> None:
    if not callable(getattr(model, "save_pretrained", None)):
        torch.save({name: tensor.cpu() for name, tensor in model.state_dict().items()}, folder / "model.pt")
    else:
        model.save_pretrained(str(folder))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        dtype = config.get("torch_dtype", config.get("dtype"))  # older transformers know the longer name alone
        own = {"auto_map": order.get("auto_map", _auto_map(order)), "torch_dtype": dtype}
        config.update({name: value for name, value in own.items() if value})
        (folder / "config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf-8")


def _auto_map(order: dict[str, Any]) -> dict[str, str]:
    config, model = (order[name].rpartition(".")[2] for name in ("config_module", "module"))
    return {
        "AutoConfig": f"{config}.{order['config_class']}",
        "AutoModelForCausalLM": f"{model}.{order['class']}",
        "AutoModel": f"{model}.{order['class']}",
    }
