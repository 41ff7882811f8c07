"""A name of the model hub as a folder below another one."""

from __future__ import annotations

import re
from pathlib import Path

from porter.errors import UsageError


def inside(folder: Path, name: str) -> Path:
    """The folder that scripts find under that name when they run in `folder`."""
    parts = name.split("/")
    if not all(re.fullmatch(r"[\w.-]+", part) and part.strip(".") for part in parts):
        raise UsageError(f"{name!r} is no name of a model; write it as the hub does, such as THUDM/chatglm2-6b.")
    return folder.joinpath(*parts)
