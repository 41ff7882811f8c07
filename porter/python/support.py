"""Code that already knows the target: a branch for it beside the one for CUDA, or its name among the same choices."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.packs.packages import Packages
from porter.python.module import Module

if TYPE_CHECKING:
    from porter.python.scene import Scene

# A test and what is done when it holds: of an if/elif chain, of ifs that each leave, of a conditional expression.
Alternative = tuple[ast.expr, list[ast.AST]]

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def mentions(data: bytes, device: str) -> bool:
    """Whether a text has the device as a word of its own: `"npu"`, `is_npu_available`, but not `input`."""
    return re.search(rb"(?i)(?<![a-z])" + re.escape(device.encode()) + rb"(?![a-z])", data) is not None


def among_choices(module: Module, node: ast.expr, value: str) -> str:
    """Why a literal must not become `value`: it stands in a list that has `value` already."""
    for parent in module.ancestors(node):
        if isinstance(parent, (ast.List, ast.Tuple, ast.Set)):
            if any(isinstance(e, ast.Constant) and e.value == value for e in parent.elts):
                return f"{value!r} is already among these values: upstream supports the target."
        elif isinstance(parent, (ast.stmt, ast.Call, ast.Dict, ast.Lambda, ast.Compare)):
            break
    return ""


def cuda_spans(module: Module, device: str) -> list[tuple[int, int]]:
    """The bytes that upstream wrote for CUDA alone, since an alternative beside them is for the target."""
    if not mentions(module.source.data, device):
        return []
    spans: list[tuple[int, int]] = []
    for chain in _chains(module.tree):
        about = [_words(test) for test, _ in chain]
        if any(device in words for words in about):
            for words, (test, body) in zip(about, chain, strict=True):
                if "cuda" in words:
                    nodes = [test] if device in words else [test, *body]
                    spans += [(module.source.start(node), module.source.end(node)) for node in nodes]
    return spans


def cuda_only_package(scene: Scene) -> str:
    """A package that the file imports and that the target lacks."""
    known = Packages.shared()
    for statement in scene.module.all_imports:
        modules = [a.name for a in statement.names] if isinstance(statement, ast.Import) else [statement.module or ""]
        for name in modules if not getattr(statement, "level", 0) else ():
            top = name.partition(".")[0]
            package = None if scene.is_own(top) else known.imported(top)
            if package is not None and package.advice(scene.target.name) is not None:
                return package.name
    return ""


def _chains(tree: ast.Module) -> Iterator[list[Alternative]]:
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and not (name == "orelse" and isinstance(node, ast.If) and _is_elif(node)):
                yield from _in_block(block)
        if isinstance(node, ast.IfExp) and node not in inner:
            chain: list[Alternative] = []
            at: ast.expr = node
            while isinstance(at, ast.IfExp):
                inner.add(at)
                chain.append((at.test, [at.body]))
                at = at.orelse
            yield chain


def _in_block(block: list[ast.stmt]) -> Iterator[list[Alternative]]:
    """The chains of a block; ifs one after the other that each leave are one chain."""
    run: list[Alternative] = []
    for statement in block:
        if not isinstance(statement, ast.If):
            if run:
                yield run
            run = []
            continue
        chain = list(_alternatives(statement))
        run += chain
        if not all(isinstance(body[-1], _LEAVES) for _, body in chain):
            yield run
            run = []
    if run:
        yield run


def _alternatives(node: ast.If) -> Iterator[Alternative]:
    at: ast.If | None = node
    while at is not None:
        yield at.test, list(at.body)
        at = at.orelse[0] if _is_elif(at) and isinstance(at.orelse[0], ast.If) else None


def _is_elif(node: ast.If) -> bool:
    return len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)


def _words(test: ast.expr) -> set[str]:
    """The words of the names and strings in a test."""
    found: set[str] = set()
    for node in ast.walk(test):
        name = (
            node.id
            if isinstance(node, ast.Name)
            else node.attr
            if isinstance(node, ast.Attribute)
            else node.value
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            else ""
        )
        found |= set(re.findall(r"[a-z]+", name.lower()))
    return found
