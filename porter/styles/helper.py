"""The helper module of an agnostic port: the functions of templates/agnostic that a repository uses, and no others."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from porter.data import folder

MARK = b"# Written by porter, --style agnostic"
_VENDORS = "# VENDORS\n\n"

# Where torch.cuda has the same function under another name.
_ALIASES = {
    "device": "on_device",
    "amp.autocast": "autocast",
    "amp.autocast_mode.autocast": "autocast",
    "amp.GradScaler": "GradScaler",
    "amp.grad_scaler.GradScaler": "GradScaler",
    "streams.Event": "Event",
    "streams.Stream": "Stream",
}
_SUBMODULES = ("random", "memory")
_NOT_OF_TORCH = frozenset(
    {
        "device",
        "device_type",
        "dist_backend",
        "is_accelerator",
        "is_dist_backend",
        "is_dist_backend_available",
        "on_device",
    }
)
_DISTRIBUTED = frozenset({"dist_backend", "is_dist_backend", "is_dist_backend_available"})


@dataclass(frozen=True, slots=True)
class Device:
    """An accelerator as the helper knows it: its name, its backend, and the modules that bring them, if any."""

    name: str
    module: str
    backend: str
    backend_module: str = ""


@cache
def _template() -> str:
    return (folder("templates") / "agnostic" / "accel.py").read_text(encoding="utf-8")


@cache
def functions() -> frozenset[str]:
    """The public functions that a helper can have."""
    return defined(_template().encode())


@cache
def counterparts() -> dict[str, str]:
    """The function of the helper for each name below torch.cuda that has one."""
    same = {name: name for name in functions() - _NOT_OF_TORCH}
    below = {f"{module}.{name}": name for module in _SUBMODULES for name in same}
    return {**below, **same, **_ALIASES}


def defined(source: bytes) -> frozenset[str]:
    """The public functions that a module defines."""
    body = ast.parse(source).body
    return frozenset(n.name for n in body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_"))


def uses(source: bytes, module: str) -> set[str]:
    """The functions of the helper, imported as `module`, that a file uses."""
    home, _, name = module.rpartition(".")
    tree = ast.parse(source)
    bound, found = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.module in {module, name}:
                found |= {alias.name for alias in node.names}
            elif (node.module or "") == home:
                bound |= {alias.asname or alias.name for alias in node.names if alias.name == name}
        elif isinstance(node, ast.Import):
            bound |= {alias.asname or alias.name for alias in node.names if alias.name == module}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in bound:
            found.add(node.attr)
    return found & functions()


def render(wanted: Iterable[str], devices: Sequence[Device]) -> bytes:
    """A helper module with the wanted functions, what they call, and the accelerators that it knows."""
    text = _template()
    lines, tree = text.splitlines(keepends=True), ast.parse(text)
    kept = _closure(tree, set(wanted))
    pieces, at = [], 0
    for node in tree.body:
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.Expr) or not _binds(node).isdisjoint(kept):
            pieces.append("".join(lines[at:end]))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            pieces.append("".join(line for line in lines[at:end][:-1] if line.strip() or not pieces[1:]))
        at = end
    known = {"cuda": "nccl", **{device.name: device.backend for device in devices if device.name != "cpu"}}
    table = "ACCELERATORS = {" + ", ".join(f'"{name}": "{backend}"' for name, backend in known.items()) + "}"
    written = (
        "".join(pieces)
        .replace(_VENDORS, _vendors(devices, distributed=not kept.isdisjoint(_DISTRIBUTED)))
        .replace('ACCELERATORS = {"cuda": "nccl"}', table)
    )
    return (written.rstrip() + "\n").encode()


def _vendors(devices: Sequence[Device], *, distributed: bool) -> str:
    guarded = []
    for device in devices:
        brought = [(device.module, f"the device {device.name}")]
        brought += [(device.backend_module, f"the backend {device.backend}")] if distributed else []
        lines = [f"    import {module}  # noqa: F401  (brings {what})\n" for module, what in brought if module]
        if lines:
            guarded.append("".join(["try:\n", *lines, "except ImportError:\n    pass\n\n"]))
    return "".join(guarded)


def _closure(tree: ast.Module, wanted: set[str]) -> set[str]:
    """The names that are wanted and those that they use, until nothing is added."""
    by_name = {name: node for node in tree.body for name in _binds(node)}
    kept: set[str] = set()
    while wanted - kept:
        kept |= wanted
        used = {n.id for name in kept if name in by_name for n in ast.walk(by_name[name]) if isinstance(n, ast.Name)}
        wanted = used & by_name.keys()
    return kept


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {node.name} if isinstance(node, ast.FunctionDef) else set()
