"""YAML read safely and validated, with errors that name file, rule and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from porter.errors import UsageError

T = TypeVar("T")
_Safe: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """The safe loader, which also refuses a key that stands twice: YAML would keep the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands twice", key.start_mark
                    )
                seen.add(key.value)
        return dict(super().construct_mapping(node, deep))


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, or one sentence about what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as UTF-8 text ({error}).") from error
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{path}:{line}: not valid YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {error}.") from error


def convert(value: Any, kind: type[T], path: Path, *, prefix: tuple[str | int, ...] = (), subject: str = "") -> T:
    """Validate plain data against a type. `prefix` is where the data stands in the file."""
    try:
        return msgspec.convert(value, type=kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        steps: list[str | int] = [
            int(index) if index else name
            for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", where)
            for name, index in [(name, index)]
        ]
        unknown = re.search(r"unknown field `(.+)`", message)
        line = line_of(path, (*prefix, *steps, *([unknown[1]] if unknown else [])))
        about = f" {subject}:" if subject else ""
        spot = f" (at {'.'.join(map(str, steps))})" if steps else ""
        raise UsageError(f"{path}:{line}:{about} {message}{spot}.") from error


def line_of(path: Path, steps: tuple[str | int, ...]) -> int:
    """The line on which a part of a YAML file stands; the nearest one above it when the part is missing."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = node.start_mark.line + 1 if node is not None else 1
    for step in steps:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
