"""Sends prompts to a server at a rate, with so many at once, and times each answer as it streams in."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from porter.serving.prompts import Prompt

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class Load:
    """How a server is asked. A rate of 0 sends all at once; `at_once` of 0 sets no bound."""

    url: str
    model: str
    chat: bool = True
    stream: bool = True
    rate: float = 0.0
    at_once: int = 0
    timeout: float = 600.0
    temperature: float = 0.0
    key: str = ""
    seed: int = 0


@dataclass
class Answer:
    """An answer: its times in seconds since the request began, and what it holds. `error` says why there is none."""

    began: float
    first: float = 0.0
    total: float = 0.0
    gaps: list[float] = field(default_factory=list)
    prompt_tokens: int = 0
    tokens: int = 0
    counted: bool = False  # by the server; else each piece of the stream counts as one
    error: str = ""


async def ask_all(load: Load, prompts: Sequence[Prompt], done: Callable[[], None]) -> list[Answer]:
    """All answers, in the order of the prompts."""
    import httpx

    bound = asyncio.Semaphore(load.at_once or len(prompts))
    chance = random.Random(load.seed)
    headers = {"Authorization": f"Bearer {load.key}"} if load.key else {}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=load.timeout, headers=headers, limits=limits, trust_env=False) as client:

        async def one(prompt: Prompt) -> Answer:
            async with bound:
                answer = await _ask(client, load, prompt)
            done()
            return answer

        tasks = []
        for prompt in prompts:
            tasks.append(asyncio.ensure_future(one(prompt)))
            if load.rate > 0:
                await asyncio.sleep(chance.expovariate(load.rate))
        return list(await asyncio.gather(*tasks))


async def _ask(client: httpx.AsyncClient, load: Load, prompt: Prompt) -> Answer:
    answer = Answer(began=time.perf_counter())
    body: dict[str, Any] = {"model": load.model, "max_tokens": prompt.answer, "temperature": load.temperature}
    if load.chat:
        body["messages"] = [{"role": "user", "content": prompt.text}]
    else:
        body["prompt"] = prompt.text
    if load.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    try:
        await (_streamed if load.stream else _whole)(client, load, body, answer)
    except Exception as error:  # whatever a server does to one request is a figure, not an end
        answer.error = f"{type(error).__name__}: {error}".rstrip(": ")
    answer.total = time.perf_counter() - answer.began
    return answer


async def _streamed(client: httpx.AsyncClient, load: Load, body: dict[str, Any], answer: Answer) -> None:
    last = answer.began
    async with client.stream("POST", _address(load), json=body) as response:
        if response.status_code != 200:
            text = (await response.aread()).decode("utf-8", "replace")
            answer.error = f"HTTP {response.status_code}: {' '.join(text.split())[:200]}"
            return
        async for event in _events(response):
            now = time.perf_counter()
            _count(event, answer)
            if _text(event):
                if answer.first:
                    answer.gaps.append(now - last)
                else:
                    answer.first = now - answer.began
                last = now
                answer.tokens += not answer.counted
    if not answer.first:
        answer.error = answer.error or "the answer was empty"


async def _whole(client: httpx.AsyncClient, load: Load, body: dict[str, Any], answer: Answer) -> None:
    response = await client.post(_address(load), json=body)
    if response.status_code != 200:
        answer.error = f"HTTP {response.status_code}: {' '.join(response.text.split())[:200]}"
        return
    event = response.json()
    _count(event, answer)
    if not answer.counted:
        answer.tokens = len(_text(event).split())
    if not answer.tokens:
        answer.error = "the answer was empty"


async def _events(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data and data != "[DONE]":
            event = json.loads(data)
            if "error" in event and not event.get("choices"):
                raise RuntimeError(str(event["error"])[:200])
            yield event


def _count(event: dict[str, Any], answer: Answer) -> None:
    usage = event.get("usage") or {}
    if usage.get("completion_tokens"):
        answer.tokens, answer.counted = int(usage["completion_tokens"]), True
        answer.prompt_tokens = int(usage.get("prompt_tokens") or 0)


def _text(event: dict[str, Any]) -> str:
    """The new text of an event, or the whole text of an answer."""
    for choice in event.get("choices") or ():
        part = choice.get("delta") or choice.get("message") or {}
        found = part.get("content") or part.get("reasoning_content") or choice.get("text") or ""
        if found:
            return str(found)
    return ""


def _address(load: Load) -> str:
    return f"{load.url.rstrip('/')}/{'chat/completions' if load.chat else 'completions'}"
