"""A new pack to start from."""

from __future__ import annotations

import re
from pathlib import Path

from porter.errors import UsageError
from porter.packs.load import pack_paths

_TEMPLATE = """# yaml-language-server: $schema=schema.json   (write it with: porter rules schema > {folder}/schema.json)
pack: {name}
describes: What these rules are for, in a sentence.
# upstream: transformers        # only for this project
# vars: {{variable: value}}       # for use as <variable>, beside those of the targets such as <module> and <device>

rules:
- id: {prefix}001
  name: what-is-matched
  kind: api
  from: mylib.cuda_only.run
  to: mylib.any_device.run
  safety: review
  why: One or two sentences that a reviewer can check.
  advice: What a person does where the rule cannot.
  examples:
  - before: |
      import mylib
      mylib.cuda_only.run()
    after: |
      import mylib
      mylib.any_device.run()
  ignores:
  - "cuda_only.run()\\n"
"""


def start(name: str, folder: Path) -> Path:
    """Write the pack `name` into `folder`; never over anything."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise UsageError(f"{name!r} cannot be the name of a pack; use lower-case letters, digits and hyphens.")
    path = folder / f"{name}.yaml"
    if name in pack_paths():
        raise UsageError(f"porter has a pack named {name!r} already; choose another name.")
    prefix = re.sub(r"[^A-Z]", "", name.upper())[:4].ljust(2, "X")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(_TEMPLATE.format(name=name, prefix=prefix, folder=folder))
    except FileExistsError:
        raise UsageError(f"{path} exists already; choose another name or folder.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    return path
