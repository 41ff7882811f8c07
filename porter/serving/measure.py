"""One measurement of a server, from prompts to figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from porter.errors import UsageError
from porter.serving.client import Answer, Load, ask_all
from porter.serving.figures import Figures, figures
from porter.serving.prompts import Prompt

_INSTALL = 'httpx is not installed; run: pip install "porter[serving]"'


def measure(load: Load, prompts: Sequence[Prompt]) -> tuple[list[Answer], Figures]:
    """All answers and their figures."""
    _have_httpx()
    began = time.perf_counter()
    answers = asyncio.run(ask_all(load, prompts, lambda: None))
    return answers, figures(answers, time.perf_counter() - began)


def served_model(url: str, key: str) -> str:
    """The name of the first model that the server has; one sentence when nothing answers there."""
    _have_httpx()
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        response = httpx.get(f"{url.rstrip('/')}/models", headers=headers, timeout=30, trust_env=False)
        return str(response.raise_for_status().json()["data"][0]["id"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, IndexError, TypeError) as error:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        raise UsageError(
            f"{url} does not list its models ({what}); is the server up, and does the URL end in /v1?"
        ) from error


def _have_httpx() -> None:
    try:
        import httpx  # noqa: F401
    except ImportError:
        raise UsageError(_INSTALL) from None
