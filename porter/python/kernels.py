"""Kernels that stand in Python, Triton's and those of load_inline: who runs them, and what does without."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from porter.artefacts.operators import callers, fallbacks, listed

if TYPE_CHECKING:
    from porter.python.scene import Scene

_JIT = re.compile(r"(\w+\.)*jit(\(|$)")
_ASSEMBLY = "inline_asm_elementwise"


def of_triton(scene: Scene) -> str:
    """A sentence on the Triton kernels of a file; empty where it has none."""
    kernels = [
        node.name
        for node in ast.walk(scene.module.tree)
        if isinstance(node, ast.FunctionDef) and any(_JIT.match(ast.unparse(each)) for each in node.decorator_list)
    ]
    if not kernels:
        return ""
    sources = list(scene.context.library.sources())
    launched = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in kernels) + rb")\s*\[")
    running = sorted(path for path, text in sources if launched.search(text))
    where = f"launches stand in {listed(running)}" if running else "no launch of them was found"
    asm = len(scene.uses.attributes(_ASSEMBLY))
    machine = f" It has inline assembly of NVIDIA's in {asm} place{'s'[: asm != 1]}." if asm else ""
    return f"It defines the Triton kernels {listed(kernels)}; {where}.{machine}{_without(kernels, sources)}"


def of_load_inline(scene: Scene, function: ast.expr) -> str:
    """A sentence on what a call of load_inline makes; empty for any other place."""
    call = scene.module.parents.get(function)
    if not isinstance(call, ast.Call) or call.func is not function:
        return ""
    given = next((each.value for each in call.keywords if each.arg == "functions"), None)
    items = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    names = [each.value for each in items if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not names:
        return ""
    sources = list(scene.context.library.sources())
    calling = callers(names, sources)
    where = f"calls of such a name stand in {listed(calling)}" if calling else "no call of them was found"
    return f"It makes {listed(names)}; {where}.{_without(names, sources)}"


def _without(names: list[str], sources: Iterable[tuple[str, bytes]]) -> str:
    found = fallbacks(names, sources)
    if not found:
        return " No Python version of it was found."
    return f" By its words, a version without it stands in {listed(found)}."
