"""Command lines as lists of words without a shell: `CMD ["python", "serve.py", "--device", "cuda"]`."""

from __future__ import annotations

from collections.abc import Iterator

from porter.artefacts.page import Page
from porter.artefacts.values import Passed, value
from porter.artefacts.variables import in_command
from porter.proposal import Proposal


def read(page: Page, words: list[tuple[int, str]]) -> Iterator[Proposal]:
    """The sites of words, each with the offset at which it stands."""
    program = next((i for i, (_, text) in enumerate(words) if text.endswith(".py")), None)
    for index, (at, text) in enumerate(words):
        name = words[program][1] if program is not None and index > program else ""
        key, found, given = text.partition("=")
        if found:
            passed = [Passed(key, name, surely=bool(name))] if key.startswith("-") else []
            yield from value(page, (key,), given, at + len(key.encode()) + 1, key, passed=passed)
            yield from in_command(page, at, at + len(text.encode()))
        elif index:
            before = words[index - 1][1]
            names = (before,) if before.startswith("-") else ()
            what = f"the option {before}" if names else "an argument"
            yield from value(page, names, text, at, what, passed=[Passed(n, name, surely=bool(name)) for n in names])
