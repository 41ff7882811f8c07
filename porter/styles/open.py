"""From a repository and a target to the agnostic style: which helper it has or will have, and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from porter.checkout.walk import Entry
from porter.model import Target
from porter.styles.helper import Device
from porter.styles.home import find_home, is_helper
from porter.styles.style import Agnostic
from porter.targets.catalog import names
from porter.targets.catalog import sheet as sheet_of
from porter.targets.sheet import Sheet

_KNOWN = frozenset({"cuda", "cpu"})  # what every helper knows


def open_style(root: Path, entries: Iterable[Entry], target: Target, sheets: Iterable[Sheet]) -> Agnostic:
    """The style for a repository that has these files."""
    python: dict[str, bytes] = {}
    others: list[str] = []
    for entry in entries:
        others.append(entry.path)
        if entry.kind == "python" and entry.scan and not entry.is_symlink:
            try:
                python[entry.path] = (root / entry.path).read_bytes()
            except OSError:
                continue  # the plan says so
    served = frozenset(
        path for name in others if PurePosixPath(name).name == "config.json" for path in _named(root, name)
    )
    home = find_home(python, others)
    earlier = python.get(home.path, b"")
    devices = {
        Device(sheet.device, sheet.module, sheet.backend, sheet.backend_module)
        for sheet in sheets
        if sheet.device not in _KNOWN
    }
    known = {sheet_of(name).device for name in names()} - _KNOWN
    ordered = tuple(sorted(devices, key=lambda device: device.name))
    return Agnostic(target, ordered, home, python, earlier if is_helper(earlier) else b"", served, tuple(sorted(known)))


def _named(root: Path, config: str) -> Iterator[str]:
    """The modules that the config.json of a model names for `trust_remote_code`."""
    try:
        found = json.loads((root / config).read_bytes()).get("auto_map", {}).values()
    except (OSError, ValueError, AttributeError):
        return  # no configuration of a model
    for value in found:
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and "--" not in name:
                yield str(PurePosixPath(config).parent / f"{name.partition('.')[0]}.py")
