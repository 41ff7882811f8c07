"""Code that already knows the target: a branch, a twin or a choice for it beside the one for CUDA."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from porter.packs.packages import Packages
from porter.python.module import Module
from porter.vocabulary import vocabulary

if TYPE_CHECKING:
    from porter.python.scene import Scene

# A test and what is done when it holds; the last one of a chain may have no test.
Alternative = tuple[ast.expr | None, list[ast.AST]]

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
        elif isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add):
            texts = [e.value for e in ast.walk(parent) if isinstance(e, ast.Constant) and isinstance(e.value, str)]
            if any(text == value or text.startswith(f"{value}:") for text in texts):
                return f"{value!r} is already among these values: upstream supports the target."
        elif isinstance(parent, (ast.stmt, ast.Call, ast.Dict, ast.Lambda, ast.Compare)):
            break
    return ""


def cuda_spans(module: Module, device: str) -> list[tuple[int, int]]:
    """The bytes that upstream wrote for others than the target, since the target has code of its own beside them."""
    if device == vocabulary().device or not mentions(module.source.data, device):
        return []
    nodes: list[ast.AST] = []
    for chain in _chains(module.tree):
        about = [_words(test) if test is not None else set() for test, _ in chain]
        if any(device in words for words in about):
            for words, (test, body) in zip(about, chain, strict=True):
                nodes += [test] if test is not None else []
                nodes += body if device not in words else []
    nodes += _twins(module.tree, device)
    return [(module.source.start(node), module.source.end(node)) for node in nodes]


def _twins(tree: ast.Module, device: str) -> Iterator[ast.AST]:
    """Of two things side by side that differ in the device alone, the one for CUDA."""
    for node in ast.walk(tree):
        for group in _groups(node):
            texts = [_shape(item) for item in group]
            if any(device in text for text in texts):
                for item, text in zip(group, texts, strict=True):
                    twin = text.replace(vocabulary().device, device)
                    if twin != text and twin in texts:
                        yield item
        if isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            if device in keys:
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and vocabulary().device in str(key.value).lower():
                        yield key
                        yield value


def _groups(node: ast.AST) -> Iterator[list[ast.AST]]:
    """Things that stand side by side: the statements of a block, the parts of `or`, the elements of a list."""
    for name in ("body", "orelse", "finalbody", "values", "elts", "args"):
        group = getattr(node, name, None)
        if isinstance(group, list) and len(group) > 1:
            yield [item for item in group if isinstance(item, (ast.stmt, ast.expr))]


def _shape(node: ast.AST) -> str:
    """The text of a statement or expression in lower case; of a compound statement only its head."""
    if isinstance(node, (ast.If, ast.While)):
        return "if " + ast.unparse(node.test).lower()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.With, ast.Try, ast.For)):
        return ""
    return ast.unparse(node).lower()


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
            if isinstance(block, list) and not (name == "orelse" and isinstance(node, ast.If) and _elif(node)):
                yield from _in_block(block)
        if isinstance(node, ast.IfExp) and node not in inner:
            chain: list[Alternative] = []
            at: ast.expr = node
            while isinstance(at, ast.IfExp):
                inner.add(at)
                chain.append((at.test, [at.body]))
                at = at.orelse
            yield [*chain, (None, [at])]


def _in_block(block: list[ast.stmt]) -> Iterator[list[Alternative]]:
    """The chains of a block. Ifs one after the other that each leave are one chain, and what follows is its else."""
    run: list[Alternative] = []
    for index, statement in enumerate(block):
        if isinstance(statement, ast.If):
            chain = list(_alternatives(statement))
            run += chain
            if all(isinstance(body[-1], _LEAVES) for _, body in chain):
                continue
            yield run
        elif run:
            yield [*run, (None, list(block[index:]))]
        run = []
    if run:
        yield run


def _alternatives(node: ast.If) -> Iterator[Alternative]:
    at: ast.If | None = node
    while at is not None:
        yield at.test, list(at.body)
        following = _elif(at)
        if following is None and at.orelse:
            yield None, list(at.orelse)
        at = following


def _elif(node: ast.If) -> ast.If | None:
    only = node.orelse[0] if len(node.orelse) == 1 else None
    return only if isinstance(only, ast.If) else None


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
