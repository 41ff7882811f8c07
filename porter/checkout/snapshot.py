"""A model in the cache of the hub: its files are links into a store, and its folder is named after a commit."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from porter import weights
from porter.model import Origin


def is_snapshot(path: Path) -> bool:
    """Whether a folder is `models--OWNER--NAME/snapshots/COMMIT`."""
    return path.parent.name == "snapshots" and path.parent.parent.name.startswith("models--")


@contextmanager
def materialised(path: Path) -> Iterator[tuple[Path, Origin]]:
    """The snapshot as a folder of plain files, for as long as it is needed, and where it came from.

    The cache stays as it is: the hub's programs count on what lies in it.
    """
    owner, _, name = path.parent.parent.name.removeprefix("models--").rpartition("--")
    with tempfile.TemporaryDirectory(prefix="porter-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / name
        root.mkdir()
        store = path.parent.parent.resolve()
        for file in sorted(path.rglob("*")):
            real, place = file.resolve(), root / file.relative_to(path)
            if real.is_file() and store in real.parents:  # nothing that a link leads to outside of the cache
                place.parent.mkdir(parents=True, exist_ok=True)
                if weights.is_weights(file, real.stat().st_size):
                    weights.share(real, place)
                else:
                    shutil.copyfile(real, place)
        address = f"https://huggingface.co/{f'{owner}/' if owner else ''}{name}"
        yield root, Origin(name, address, path.name)
