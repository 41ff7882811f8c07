"""Names in strings: a tensor type, the target of a mock. A string that is a qualified name and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from porter.model import Edit, Verdict
from porter.proposal import Proposal
from porter.python.prose import is_message
from porter.python.scene import Scene

if TYPE_CHECKING:
    from porter.kinds.api import Judgement

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_HOLDERS = (ast.Call, ast.Compare, ast.keyword, ast.Assign, ast.Tuple, ast.List, ast.Set)


def quoted(
    scene: Scene, node: ast.Constant, text: str, judge: Callable[[tuple[str, ...]], Judgement | None]
) -> Iterator[Proposal]:
    """What the rules make of a string, by `judge` on the name that it is."""
    if "." not in text or not _NAME.fullmatch(text):
        return
    if not isinstance(scene.module.parents.get(node), _HOLDERS) or is_message(scene.module, node) is not None:
        return
    text = _behind_own_module(scene, text)
    answer = judge(tuple(text.split(".")))
    if answer is None:
        return
    source = scene.module.source
    start = source.start(node)
    at = source.text(node).find(text.encode())
    because = f"The string names {text}."
    if answer.segments is None or at < 0:
        because = f"{because} {answer.because}"
        yield Proposal(answer.rule, start, source.end(node), Verdict.MANUAL, because=because)
        return
    edit = Edit(start + at, start + at + len(text.encode()), ".".join(answer.segments).encode(), text.encode())
    yield Proposal(answer.rule, edit.start, edit.end, answer.verdict, (edit,), because, runs=True)


def _behind_own_module(scene: Scene, text: str) -> str:
    """`torch.cuda.is_available` in `package.module.torch.cuda.is_available`, as a mock names it."""
    before, dot, name = text.partition(".torch.")
    return f"torch.{name}" if dot and scene.is_own(before.partition(".")[0]) else text
