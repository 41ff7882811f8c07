"""Bare indexes where a device is wanted: `.to(rank)`, `torch.device(i % count)`, by what the expression is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from porter.packs.positions import Position
from porter.python.dotted import last_name
from porter.python.place import Certainty
from porter.python.scene import Scene

# Calls whose result is a whole number, and the arithmetic that makes one of another.
_COUNTING = frozenset({"int", "len", "get_rank", "get_local_rank", "get_node_local_rank", "device_count"})
_ARITHMETIC = (ast.Mod, ast.FloorDiv, ast.Add, ast.Sub, ast.Mult)


def indexes(scene: Scene, names: tuple[str, ...], position: Position) -> Iterator[ast.expr]:
    """The expressions that stand for a device and are bare indexes, by their names or by what they compute."""
    for call in scene.module.calls:
        taken = call.args if scene.positions.takes(call, position) else []
        for node in (*taken, *(keyword.value for keyword in call.keywords)):
            if _is_index(scene, node, names):
                place = scene.positions.place(node, position, telling=False)
                if place.certainty is Certainty.SURE and place.runs:
                    yield node


def _is_index(scene: Scene, node: ast.expr, names: tuple[str, ...]) -> bool:
    if isinstance(node, ast.Call):
        return last_name(node.func) in _COUNTING
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _ARITHMETIC) and all(map(_may_be_number, (node.left, node.right)))
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    return last_name(node) in names or (isinstance(node, ast.Name) and _is_declared_number(scene, node))


def _may_be_number(node: ast.expr) -> bool:
    """No text: `"cuda:%d" % i` and `kind + str(i)` are strings."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    if isinstance(node, ast.BinOp):
        return _may_be_number(node.left) and _may_be_number(node.right)
    if isinstance(node, ast.Call):
        return last_name(node.func) in _COUNTING
    return isinstance(node, (ast.Name, ast.Attribute))


def _is_declared_number(scene: Scene, name: ast.Name) -> bool:
    """A parameter that its function annotates as int, or a name that is only ever given a whole number."""
    for above in scene.module.ancestors(name):
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = (*above.args.posonlyargs, *above.args.args, *above.args.kwonlyargs)
            for argument in arguments:
                if argument.arg == name.id and argument.annotation is not None:
                    return ast.unparse(argument.annotation) == "int"
    bindings = scene.module.scope(name).lookup(name.id) or []
    values = [binding.value for binding in bindings]
    return bool(values) and all(isinstance(v, ast.Call) and last_name(v.func) in _COUNTING for v in values)
