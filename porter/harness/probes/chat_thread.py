"""Calls chat and stream_chat from a worker thread, as a web page's server does."""

from __future__ import annotations

import inspect
import itertools
import threading
from collections.abc import Callable
from typing import Any

import torch

from .build import another, device, model_of
from .faults import fault
from .stand_in import Tokenizer

_PIECES = 4  # of a stream
_OPTIONS = {"history": [], "max_new_tokens": 4, "max_length": 48, "do_sample": False, "past_key_values": None}


def probe(order: dict[str, Any]) -> dict[str, Any]:
    """What each method said, or the fault of its thread: with the model on each of the first two devices."""
    _, notes = model_of(order)
    torch.ones(1, device=device())  # the main thread has used the device, as it has when a page is up
    said = {}
    for number in range(min(2, _devices())):
        placed = another(order).to(f"{device()}:{number}").eval()
        for name in order["methods"]:
            said[f"{name} on device {number}"] = _in_thread(getattr(placed, name), order["root"])
    return {"notes": notes, "said": said}


def _devices() -> int:
    return 1 if device() == "cpu" else int(torch.get_device_module(device()).device_count())


def _in_thread(method: Callable[..., Any], root: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def work() -> None:
        try:
            torch.manual_seed(17)
            seen["text"] = repr(_talk(method))
        except Exception as error:
            seen["fault"] = fault(error, root)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    return seen


def _talk(method: Callable[..., Any]) -> Any:
    parameters = inspect.signature(method).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    options = {n: v for n, v in _OPTIONS.items() if n in parameters or (takes_all and n == "do_sample")}
    if "messages" in parameters:
        answer = method(Tokenizer(), [{"role": "user", "content": "hi"}])
    else:
        answer = method(Tokenizer(), "hi", **options)
    return list(itertools.islice(answer, _PIECES)) if inspect.isgenerator(answer) else answer
